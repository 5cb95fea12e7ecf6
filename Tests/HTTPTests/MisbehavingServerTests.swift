import EventLoop
import HTTP
import HTTPClient
import Support
import Testing

/// A server that does not do its part, and what the client makes of it.
struct Misbehaviour: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: TransportError.Code
    let script: @Sendable (borrowing RawSocket) throws -> Void

    init(
        _ description: String,
        _ code: TransportError.Code,
        _ script: @escaping @Sendable (borrowing RawSocket) throws -> Void
    ) {
        testDescription = description
        self.code = code
        self.script = script
    }

    /// Reads the request, then sends a text and closes.
    private static func answer(_ description: String, _ code: TransportError.Code, _ text: String) -> Misbehaviour {
        Misbehaviour(description, code) { socket in
            _ = try socket.receive(until: "\r\n\r\n")
            try socket.send(text)
        }
    }

    static let all: [Misbehaviour] = [
        Misbehaviour("closes before it reads", .connection) { _ in },
        Misbehaviour("closes after it has read", .connection) { socket in _ = try socket.receive(until: "\r\n\r\n") },
        Misbehaviour("resets", .connection) { socket in
            _ = try socket.receive(until: "\r\n\r\n")
            socket.resetAtEnd()
        },
        Misbehaviour("never answers", .timeout) { socket in _ = socket.receiveAll() },
        Misbehaviour("drips a head", .timeout) { socket in
            _ = try socket.receive(until: "\r\n\r\n")
            try socket.send("HTTP/1.1 200 OK\r\n")
            while true {
                try socket.send("A: b\r\n")
                _ = socket.hasInput(within: .milliseconds(50))
            }
        },
        Misbehaviour("drips a body", .timeout) { socket in
            _ = try socket.receive(until: "\r\n\r\n")
            try socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while true {
                try socket.send("a")
                _ = socket.hasInput(within: .milliseconds(50))
            }
        },
        answer("stops half way through a body", .connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
        answer(
            "stops half way through a chunk",
            .connection,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf"
        ),
        answer(
            "stops before the last chunk",
            .connection,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
        ),
        answer("answers garbage", .badResponse, "\u{1}\u{2}\u{3} this is no HTTP\r\n\r\n"),
        answer("answers as HTTP/0.9 did", .badResponse, "<html>hello</html>"),
        answer(
            "answers with a chunk size that is none",
            .connection,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"
        ),
        answer("answers 3 MiB", .tooLarge, "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "a", count: 3 << 20)),
        answer("announces 3 MiB", .tooLarge, "HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n"),
        answer(
            "answers with a flood of fields",
            .badResponse,
            "HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 10_000) + "\r\n"
        ),
        answer(
            "answers with one long field",
            .badResponse,
            "HTTP/1.1 200 OK\r\nA: \(String(repeating: "a", count: 70_000))\r\n\r\n"
        ),
        Misbehaviour("answers interim responses for ever", .timeout) { socket in
            _ = try socket.receive(until: "\r\n\r\n")
            while true {
                try socket.send("HTTP/1.1 102 Processing\r\n\r\n")
                _ = socket.hasInput(within: .milliseconds(20))
            }
        },
    ]
}

@Suite("Misbehaving servers")
struct MisbehavingServerTests {
    private let own: TestClient

    init() throws { own = try TestClient() }

    @Test("each is an error of its class, in bounded time", .timeLimit(.minutes(1)), arguments: Misbehaviour.all)
    func failure(_ misbehaviour: Misbehaviour) async throws {
        let server = try RawServer(misbehaviour.script)
        let limits = OutgoingRequest.Limits(connect: .seconds(2), total: .milliseconds(1500), responseBytes: 1 << 20)
        let request = OutgoingRequest(.get, url: "http://127.0.0.1:\(server.port)/secret-path", limits: limits)
        let error = await #expect(throws: TransportError.self) { try await own.client.send(request) }
        #expect(error?.code == misbehaviour.code)
        #expect(error?.endpoint == "http://127.0.0.1:\(server.port)")
        #expect(error?.description.contains("secret-path") == false)
    }

    @Test("a port where nothing listens is a connection error")
    func refused() async throws {
        let port = try RawServer { _ in }.port  // gone at the end of this line
        let error = await #expect(throws: TransportError.self) {
            try await own.client.send(OutgoingRequest(.get, url: "http://127.0.0.1:\(port)/"))
        }
        #expect(error?.code == .connection)
    }

    @Test("a name that does not exist is a look-up error")
    func unknownName() async throws {
        let error = await #expect(throws: TransportError.self) {
            try await own.client.send(OutgoingRequest(.get, url: "https://jobpass.invalid/"))
        }
        #expect(error?.code == .nameLookup)
    }

    @Test(
        "what is no TLS is a TLS error",
        arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{28}"]
    )
    func noTLS(answer: String) async throws {
        let server = try RawServer { socket in
            _ = try socket.receive()
            try socket.send(answer)
        }
        let error = await #expect(throws: TransportError.self) {
            try await own.client.send(OutgoingRequest(.get, url: "https://127.0.0.1:\(server.port)/"))
        }
        #expect(error?.code == .tls)
    }
}
