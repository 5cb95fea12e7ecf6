import HTTP
import HTTPServer
import Support
import Testing

@Suite("A server behind proxies")
struct PassageTests {
    private static let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    /// A server that answers with the address of its client.
    private static func server(
        _ word: TrustedProxies.Word,
        believing range: String = "127.0.0.1"
    ) async throws -> TestHTTPServer {
        let server = try await TestHTTPServer { request in
            HTTPResponse(status: 200, body: Array(request.peer.address.utf8))
        }
        let proxies = TrustedProxies(addresses: [try #require(AddressRange(range))], word: word)
        await server.server.renew(tls: nil, limits: HTTPServer.Limits(), proxies: proxies)
        return server
    }

    @Test("the header's address is the client's, and what is behind it is the request")
    func header() async throws {
        let server = try await Self.server(.proxyProtocol)
        let four = try await server.answer(to: "PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n\(Self.request)")
        #expect(four.body == "192.0.2.7")
        let six = try await server.answer(to: "PROXY TCP6 2001:db8::7 2001:db8::1 51234 443\r\n\(Self.request)")
        #expect(six.body == "2001:db8::7")
        let own = try await server.answer(to: "PROXY UNKNOWN\r\n\(Self.request)")
        #expect(own.body == "127.0.0.1")
    }

    @Test("a header that drips is waited for, and the connection serves more than one request")
    func drip() async throws {
        let server = try await Self.server(.proxyProtocol)
        let port = server.server.port
        let answers = try await onThread {
            let socket = try RawSocket(to: port)
            for byte in "PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n".utf8 { try socket.send([byte]) }
            var answers: [Bool] = []
            for _ in 0..<3 {
                try socket.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                answers.append(try socket.receive(until: "192.0.2.7").hasSuffix("192.0.2.7"))
            }
            return answers
        }
        #expect(answers == [true, true, true])
    }

    @Test(
        "a proxy that does not say for whom it speaks is not served",
        arguments: [request, "PROXY TCP4 nobody nowhere 1 2\r\n\(request)", "PROXY", "", "\u{16}\u{3}\u{1}"]
    )
    func missing(text: String) async throws {
        let server = try await Self.server(.proxyProtocol)
        let answer = try await server.answer(to: text, thenHalfClose: true)
        #expect(answer.text.isEmpty)
        #expect(answer.ending != .silence)
        let next = try await server.answer(to: "PROXY UNKNOWN\r\n\(Self.request)")
        #expect(next.statuses == [200])
    }

    @Test("a header that never comes is cut at the deadline, and its socket closed")
    func silence() async throws {
        let server = try await Self.server(.proxyProtocol)
        var limits = HTTPServer.Limits()
        limits.head = .milliseconds(200)
        let proxies = TrustedProxies(addresses: [try #require(AddressRange("127.0.0.1"))], word: .proxyProtocol)
        await server.server.renew(tls: nil, limits: limits, proxies: proxies)
        #expect(try await server.answer(to: "PROXY TCP4").ending != .silence)
        #expect(await server.server.openConnections == 0)
    }

    @Test("a header is not taken from whoever is not a proxy")
    func stranger() async throws {
        let server = try await Self.server(.proxyProtocol, believing: "192.0.2.0/24")
        let answer = try await server.answer(to: "PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n\(Self.request)")
        #expect(answer.statuses == [400])
        #expect(try await server.answer(to: Self.request).body == "127.0.0.1")
    }

    @Test("fields name the client where they come from a proxy, and are refused where they are malformed")
    func fields() async throws {
        let server = try await Self.server(.forwarded)
        func ask(_ field: String) async throws -> Conversation {
            try await server.answer(to: "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(field)\r\n\r\n")
        }
        #expect(try await ask("Forwarded: for=192.0.2.7").body == "192.0.2.7")
        #expect(try await ask("Forwarded: for=1.1.1.1, for=\"[2001:db8::7]:80\"").body == "2001:db8::7")
        #expect(try await ask("X-Forwarded-For: 192.0.2.7").body == "127.0.0.1")
        #expect(try await ask("Forwarded: for=\"1.1.1.1, for=192.0.2.7").statuses == [400])
        let other = try await Self.server(.forwarded, believing: "192.0.2.0/24")
        let answer = try await other.answer(
            to: "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nForwarded: for=192.0.2.7\r\n\r\n"
        )
        #expect(answer.body == "127.0.0.1")
    }

    @Test("connections are counted by the client's address, not by the proxy's")
    func counted() async throws {
        let server = try await Self.server(.proxyProtocol)
        var limits = HTTPServer.Limits()
        limits.connectionsPerAddress = 1
        let proxies = TrustedProxies(addresses: [try #require(AddressRange("127.0.0.1"))], word: .proxyProtocol)
        await server.server.renew(tls: nil, limits: limits, proxies: proxies)
        let port = server.server.port
        let held = try await onThread {
            let held = HeldSocket(try RawSocket(to: port))
            try held.socket.send("PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try held.socket.receive(until: "192.0.2.7")
            return held
        }
        #expect(try await server.answer(to: "PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n\(Self.request)").text.isEmpty)
        #expect(
            try await server.answer(to: "PROXY TCP4 192.0.2.8 198.51.100.1 1 2\r\n\(Self.request)").statuses == [200]
        )
        withExtendedLifetime(held) {}
    }
}
