import Crypto
import Encoding
import EventLoop
import HTTP
import HTTPClient
import HTTPServer
import POSIX
import Support
import Testing
import Time

@Suite("TLS")
struct TLSTests {
    let authority: TestAuthority
    private let own: TestClient
    private var client: HTTPClient { own.client }

    init() throws {
        authority = try TestAuthority()
        own = try TestClient()
    }

    private func server(
        _ issued: TestAuthority.Issued,
        asksForCertificates: Bool = false
    ) async throws -> TestHTTPServer {
        let tls = try authority.context(issued, clientAuthorities: asksForCertificates)
        return try await TestHTTPServer(tls: tls) { request in
            let certificate = request.peer.certificate
            let names = certificate?.subjectAlternativeNames.joined(separator: " ") ?? "nobody"
            let pins = [certificate?.sha256, certificate?.publicKeySHA256].compactMap { $0.map(Hex.encode) }
            return HTTPResponse(
                status: 200,
                fields: ["X-Peer": names, "X-Pins": pins.joined(separator: " ")],
                body: request.body
            )
        }
    }

    private func get(_ server: TestHTTPServer, host: String = "127.0.0.1") async throws -> HTTPResponse {
        try await client.send(
            OutgoingRequest(
                .post,
                url: "https://\(host):\(server.server.port)/",
                body: Array(repeating: 7, count: 100_000),
                certificateAuthorities: authority.certificateFile
            )
        )
    }

    @Test("a request and its response cross TLS whole")
    func roundTrip() async throws {
        let server = try await server(authority.issue("server", for: ["IP:127.0.0.1"]))
        for _ in 0..<3 {
            let response = try await get(server)
            #expect(response.status == 200)
            #expect(response.body == Array(repeating: 7, count: 100_000))
            #expect(response.fields["X-Peer"] == "nobody")
        }
        #expect(await server.server.openConnections == 1)
    }

    @Test("a server that is not who it should be is not spoken to")
    func untrusted() async throws {
        let cases = [
            ("other", ["IP:127.0.0.2", "DNS:example.com"], 1), ("expired", ["IP:127.0.0.1"], -1),
        ]
        for (name, names, days) in cases {
            let server = try await server(authority.issue(name, for: names, days: days))
            let error = await #expect(throws: TransportError.self, "\(name)") { try await get(server) }
            #expect(error?.code == .certificate, "\(name)")
        }
        let server = try await server(authority.issue("server", for: ["IP:127.0.0.1"]))
        let url = "https://127.0.0.1:\(server.server.port)/"
        let bySystem = await #expect(throws: TransportError.self) {
            try await client.send(OutgoingRequest(.get, url: url))
        }
        #expect(bySystem?.code == .certificate)
        let byOther = await #expect(throws: TransportError.self) {
            let other = try TestAuthority()
            let request = OutgoingRequest(.get, url: url, certificateAuthorities: other.certificateFile)
            _ = try await client.send(request)
        }
        #expect(byOther?.code == .certificate)
        let byNobody = await #expect(throws: TransportError.self) {
            try await client.send(OutgoingRequest(.get, url: url, certificateAuthorities: "/nonexistent/file.pem"))
        }
        #expect(byNobody?.code == .certificate)
    }

    @Test("an authority file stands in place of the system's authorities, also on a connection that is open")
    func authorityPerRequest() async throws {
        let server = try await server(authority.issue("server", for: ["IP:127.0.0.1"]))
        _ = try await get(server)
        let error = await #expect(throws: TransportError.self) {
            try await client.send(OutgoingRequest(.get, url: "https://127.0.0.1:\(server.server.port)/"))
        }
        #expect(error?.code == .certificate)
    }

    @Test("a client certificate of a known authority is told to the handler; none is none")
    func clientCertificate() async throws {
        let server = try await server(authority.issue("server", for: ["IP:127.0.0.1"]), asksForCertificates: true)
        #expect(try await get(server).fields["X-Peer"] == "nobody")
        let names = ["DNS:runner.example.com", "URI:spiffe://example.com/runner"]
        let runner = try authority.issue("runner", for: names)
        let output = try openSSLClient(server, ["-cert", runner.certificateFile, "-key", runner.keyFile])
        #expect(output.contains("X-Peer: runner.example.com spiffe://example.com/runner"))
        // Pins as openssl prints them: of the certificate, and of its public key.
        let script = """
            openssl x509 -in "$0" -outform DER | sha256sum | cut -d' ' -f1
            openssl x509 -in "$0" -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1
            """
        let printed = try BuiltCommand.shell(script.replacing("$0", with: runner.certificateFile)).output
        let pins = printed.split(separator: "\n").joined(separator: " ")
        #expect(output.contains("X-Pins: \(pins)"), "\(output)")
    }

    @Test("a client certificate of a stranger ends the connection before any request")
    func strangersCertificate() async throws {
        let server = try await server(authority.issue("server", for: ["IP:127.0.0.1"]), asksForCertificates: true)
        let stranger = try TestAuthority().issue("stranger", for: ["DNS:runner.example.com"])
        let output = try openSSLClient(server, ["-cert", stranger.certificateFile, "-key", stranger.keyFile])
        #expect(!output.contains("X-Peer"))
        #expect(try await get(server).status == 200)
    }

    @Test("versions before TLS 1.2 are refused, 1.2 and 1.3 are spoken", arguments: ["-tls1_1", "-tls1_2", "-tls1_3"])
    func versions(option: String) async throws {
        let server = try await server(authority.issue("server", for: ["IP:127.0.0.1"]))
        let output = try openSSLClient(server, [option])
        #expect(output.contains("HTTP/1.1 200 OK") == (option != "-tls1_1"))
    }

    @Test("a new certificate is shown to new connections")
    func renewal() async throws {
        let server = try await server(authority.issue("old", for: ["DNS:old.example.com"]))
        let error = await #expect(throws: TransportError.self) { try await get(server) }
        #expect(error?.code == .certificate)
        let new = try authority.context(authority.issue("new", for: ["IP:127.0.0.1"]))
        await server.server.renew(tls: new, limits: HTTPServer.Limits())
        #expect(try await get(server).status == 200)
    }

    @Test(
        "plain HTTP and garbage on a TLS port get nothing from the handler",
        arguments: ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\0\u{1}"]
    )
    func plain(text: String) async throws {
        let server = try await server(authority.issue("server", for: ["IP:127.0.0.1"]))
        let answer = try await server.answer(to: text, thenHalfClose: true)
        #expect(!answer.text.contains("HTTP/1.1"))
        #expect(answer.ending != .silence)
        #expect(try await get(server).status == 200)
    }

    @Test("a handshake that never comes is cut at the deadline")
    func silence() async throws {
        let tls = try authority.context(authority.issue("server", for: ["IP:127.0.0.1"]))
        var limits = HTTPServer.Limits()
        limits.request = .milliseconds(200)
        let server = try await TestHTTPServer(limits: limits, tls: tls) { _ in HTTPResponse(status: 200) }
        #expect(try await server.answer(to: "").ending == .closed)
    }

    @Test("a refusal of libevent's own crosses TLS in the server's words")
    func refusal() async throws {
        let server = try await server(authority.issue("server", for: ["IP:127.0.0.1"]))
        let output = try openSSLClient(server, [], request: "nonsense without end\r\n\r\n")
        #expect(output.contains("HTTP/1.1 400 Bad Request"))
        #expect(output.contains("400: the request is malformed"))
        #expect(!output.lowercased().contains("<html"))
    }

    /// What the `openssl` program's client prints of the server's answer to one request.
    private func openSSLClient(
        _ server: TestHTTPServer,
        _ options: [String],
        request: String = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    ) throws -> String {
        let input = try FileDescriptor.inMemory("request")
        try input.write(Array(request.utf8), subject: "request")
        input.rewind()
        let output = try FileDescriptor.inMemory("response")
        let process = try Process(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.server.port)", "-ign_eof", "-quiet"] + options,
            environment: Environment(["PATH": "/usr/local/bin:/usr/bin:/bin"]),
            input: .descriptor(input.number),
            output: .descriptor(output.number),
            error: .null
        )
        _ = process.wait()
        output.rewind()
        return String(decoding: try output.readToEnd(limit: 1 << 20, subject: "response"), as: UTF8.self)
    }
}

@Suite("A certificate that vouches for itself")
struct SelfSignedCertificateTests {
    /// A server that shows such a certificate, and the folder with its file `ca.pem`.
    private func served(_ names: [String], from now: Int64) async throws -> (TestHTTPServer, folder: String) {
        let made = try SelfSignedCertificate.make(for: names, days: 1, from: now)
        let folder = try Files.makeTemporaryDirectory("jobpass-self-signed")
        try Files.writeNew("\(folder)/ca.pem", made.certificate)
        let tls = try TLSServerContext(
            certificateChain: made.certificate,
            privateKey: made.privateKey,
            clientAuthorities: nil
        )
        return (try await TestHTTPServer(tls: tls) { _ in HTTPResponse(status: 204) }, folder)
    }

    /// What a request gets; nil where the server is not trusted.
    private func status(_ host: String, _ port: UInt16, _ authorities: String?) async throws -> Int? {
        let own = try TestClient()
        let request = OutgoingRequest(.get, url: "https://\(host):\(port)/", certificateAuthorities: authorities)
        do throws(TransportError) { return try await own.client.send(request).status } catch {
            #expect(error.code == .certificate)
            return nil
        }
    }

    @Test("who is given it can speak to its server by each of its names, and who is not cannot")
    func trusted() async throws {
        let (server, folder) = try await served(["DNS:localhost", "IP:127.0.0.1"], from: SystemClock.now().seconds)
        defer { try? Files.removeTree(folder) }
        let (port, file) = (server.server.port, "\(folder)/ca.pem")
        for host in ["localhost", "127.0.0.1"] { #expect(try await status(host, port, file) == 204) }
        #expect(try await status("127.0.0.1", port, nil) == nil)
    }

    @Test("one whose days are over is not trusted")
    func expired() async throws {
        let (server, folder) = try await served(["IP:127.0.0.1"], from: SystemClock.now().seconds - 172_800)
        defer { try? Files.removeTree(folder) }
        #expect(try await status("127.0.0.1", server.server.port, "\(folder)/ca.pem") == nil)
    }
}
