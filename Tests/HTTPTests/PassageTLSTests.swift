import Crypto
import HTTP
import HTTPClient
import HTTPServer
import Support
import Testing

/// A proxy that passes TLS on as it comes has nowhere to say for whom, but in front of it.
@Suite("TLS behind the PROXY protocol")
struct PassageTLSTests {
    /// A header, and whether a proxy sends it together with the first bytes of TLS, or alone.
    struct Opening: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let isAlone: Bool
    }

    private static let first = Array("PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n".utf8)
    /// haproxy.org/download/2.8/doc/proxy-protocol.txt, section 2.2: the signature, PROXY, TCP over IPv4, 12 bytes.
    private static let second =
        Array("\r\n\r\n\u{0}\r\nQUIT\n".utf8) + [0x21, 0x11, 0, 12, 192, 0, 2, 7, 198, 51, 100, 1, 200, 34, 1, 187]

    static let openings = [("version 1", first), ("version 2", second)].flatMap { name, bytes in
        [false, true].map {
            Opening(testDescription: "\(name), \($0 ? "alone" : "with the handshake")", bytes: bytes, isAlone: $0)
        }
    }

    private let authority: TestAuthority
    private let own: TestClient

    init() throws {
        authority = try TestAuthority()
        own = try TestClient()
    }

    /// A server of TLS that answers with its client's address, and believes proxies of 127.0.0.1.
    private func server() async throws -> TestHTTPServer {
        let tls = try authority.context(authority.issue("server", for: ["IP:127.0.0.1"]))
        let server = try await TestHTTPServer(tls: tls) { request in
            HTTPResponse(status: 200, body: Array(request.peer.address.utf8))
        }
        let proxies = TrustedProxies(addresses: [try #require(AddressRange("127.0.0.1"))], word: .proxyProtocol)
        await server.server.renew(tls: tls, limits: HTTPServer.Limits(), proxies: proxies)
        return server
    }

    private func get(_ port: UInt16) async throws -> String {
        let request = OutgoingRequest(
            .get,
            url: "https://127.0.0.1:\(port)/",
            certificateAuthorities: authority.certificateFile
        )
        return String(decoding: try await own.client.send(request).body, as: UTF8.self)
    }

    /// A proxy that says something first, and then passes on what both sides say.
    private func proxy(to port: UInt16, saying opening: Opening) throws -> RawServer {
        try RawServer { client in
            let server = try RawSocket(to: port)
            if opening.isAlone { try server.send(opening.bytes) }
            var isFirst = !opening.isAlone
            while true {
                if client.hasInput(within: .milliseconds(5)) {
                    let bytes = try client.receive()
                    if bytes.isEmpty { return }
                    try server.send(isFirst ? opening.bytes + bytes : bytes)
                    isFirst = false
                }
                if server.hasInput(within: .milliseconds(5)) {
                    let bytes = try server.receive()
                    if bytes.isEmpty { return }
                    try client.send(bytes)
                }
            }
        }
    }

    @Test("the handshake begins behind the header, and the header's address is the client's", arguments: openings)
    func passed(opening: Opening) async throws {
        let server = try await server()
        let proxy = try proxy(to: server.server.port, saying: opening)
        for _ in 0..<2 { #expect(try await get(proxy.port) == "192.0.2.7") }
        #expect(proxy.connections == 1)
    }

    @Test("a handshake without a header is not begun, and one behind a header that is malformed neither")
    func refused() async throws {
        let server = try await server()
        let direct = await #expect(throws: TransportError.self) { try await get(server.server.port) }
        #expect(direct?.code == .tls || direct?.code == .connection, "\(String(describing: direct))")
        let bad = Opening(testDescription: "", bytes: Array("PROXY TCP4 nobody nowhere 1 2\r\n".utf8), isAlone: false)
        let proxy = try proxy(to: server.server.port, saying: bad)
        await #expect(throws: TransportError.self) { try await get(proxy.port) }
        let good = try self.proxy(to: server.server.port, saying: Self.openings[0])
        #expect(try await get(good.port) == "192.0.2.7")
    }

    @Test("a server that believes no proxy takes a header for no handshake")
    func unwanted() async throws {
        let tls = try authority.context(authority.issue("server", for: ["IP:127.0.0.1"]))
        let server = try await TestHTTPServer(tls: tls) { request in
            HTTPResponse(status: 200, body: Array(request.peer.address.utf8))
        }
        let proxy = try proxy(to: server.server.port, saying: Self.openings[0])
        await #expect(throws: TransportError.self) { try await get(proxy.port) }
        #expect(try await get(server.server.port) == "127.0.0.1")
    }
}
