import EventLoop
import HTTP
import HTTPClient
import HTTPServer
import POSIX
import Support
import Testing

@Suite("The client")
struct ClientTests {
    private let own: TestClient
    private var client: HTTPClient { own.client }

    init() throws { own = try TestClient() }

    private func url(_ server: TestHTTPServer, _ path: String = "/") -> String {
        "http://127.0.0.1:\(server.server.port)\(path)"
    }

    @Test("a request arrives as it was made, and its response comes back whole")
    func roundTrip() async throws {
        let server = try await TestHTTPServer { request in
            var fields = HTTPFields()
            fields.append("X-Twice", "one")
            fields.append("X-Twice", "two")
            fields.append("X-Host", request.fields["Host"] ?? "-")
            fields.append("X-Type", request.fields["Content-Type"] ?? "none")
            fields.append("X-Empty", request.fields["X-Empty"].map { "<\($0)>" } ?? "none")
            fields.append("X-Expect", request.fields["Expect"] ?? "none")
            return HTTPResponse(status: 201, fields: fields, body: request.body.reversed())
        }
        let request = OutgoingRequest(
            .post,
            url: url(server, "/a?b=c"),
            fields: ["Content-Type": "application/json", "X-Empty": ""],
            body: Array(repeating: 0, count: 2000) + [1]
        )
        let response = try await client.send(request)
        #expect(response.status == 201)
        #expect(response.fields.values("x-twice") == ["one", "two"])
        #expect(response.fields["X-Host"] == "127.0.0.1:\(server.server.port)")
        #expect(response.fields["X-Type"] == "application/json")
        #expect(response.fields["X-Empty"] == "<>")
        #expect(response.fields["X-Expect"] == "none")
        #expect(response.body == [1] + Array(repeating: 0, count: 2000))
    }

    @Test("every method is sent as itself, with its body", arguments: HTTPMethod.allCases, [0, 3])
    func methods(method: HTTPMethod, size: Int) async throws {
        let server = try await TestHTTPServer { request in
            let fields: HTTPFields = [
                "X-Method": request.method.rawValue, "X-Length": request.fields["Content-Length"] ?? "-",
                "X-Type": request.fields["Content-Type"] ?? "-",
            ]
            return HTTPResponse(status: 200, fields: fields, body: request.body)
        }
        let body = Array(repeating: UInt8(ascii: "a"), count: method == .head ? 0 : size)
        let response = try await client.send(OutgoingRequest(method, url: url(server), body: body))
        #expect(response.fields["X-Method"] == method.rawValue)
        #expect(response.body == body)
        #expect(response.fields["X-Type"] == "-")
        let hasLength = !body.isEmpty || [.post, .put, .patch].contains(method)
        #expect(response.fields["X-Length"] == (hasLength ? "\(body.count)" : "-"))
    }

    @Test("a connection is used again")
    func reuse() async throws {
        let server = try RawServer { socket in
            while try socket.receive(until: "\r\n\r\n").contains("\r\n\r\n") {
                try socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        for _ in 0..<5 {
            let response = try await client.send(OutgoingRequest(.get, url: "http://127.0.0.1:\(server.port)/"))
            #expect(response.body == Array("ok".utf8))
        }
        #expect(server.connections == 1)
    }

    @Test("an open connection is not handed to child processes")
    func inheritance() async throws {
        let server = try await ServerTests.echoing()
        _ = try await client.send(OutgoingRequest(.get, url: url(server)))
        let output = try FileDescriptor.inMemory("output")
        let child = try Process(
            "sh",
            ["-c", "for f in /proc/self/fd/*; do readlink $f; done"],
            environment: Environment(["PATH": "/usr/bin:/bin"]),
            input: .null,
            output: .descriptor(output.number),
            error: .null
        )
        #expect(child.wait() == .exited(0))
        output.rewind()
        let list = String(decoding: try output.readToEnd(limit: 1 << 16, subject: "output"), as: UTF8.self)
        let port = String(server.server.port, radix: 16, uppercase: true)
        let inodes = try Files.readText("/proc/self/net/tcp").split(separator: "\n")
            .filter { $0.contains(":\(port) ") }
            .compactMap { $0.split(separator: " ").dropFirst(9).first }
        #expect(!inodes.isEmpty)
        for inode in inodes { #expect(!list.contains("socket:[\(inode)]")) }
    }

    @Test("many requests run at once, each to its own answer")
    func concurrent() async throws {
        let server = try await ServerTests.echoing()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<200 {
                group.addTask {
                    let response = try await client.send(OutgoingRequest(.get, url: url(server, "/\(index)")))
                    return String(decoding: response.body, as: UTF8.self) == "GET /\(index) ? [] -"
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test("a redirect is an answer, and is not followed", arguments: [301, 302, 303, 307, 308])
    func redirect(status: Int) async throws {
        let server = try await TestHTTPServer { request in
            guard request.path == "/" else { return HTTPResponse(status: 200) }
            return HTTPResponse(status: status, fields: ["Location": "/elsewhere"])
        }
        let response = try await client.send(OutgoingRequest(.get, url: url(server)))
        #expect(response.status == status)
        #expect(response.fields["Location"] == "/elsewhere")
    }

    @Test("an interim response is passed over, and trailers are no fields")
    func interim() async throws {
        let server = try RawServer { socket in
            _ = try socket.receive(until: "\r\n\r\n")
            try socket.send("HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n")
            try socket.send("HTTP/1.1 200 OK\r\nX-Late:  yes\t\r\nTransfer-Encoding: chunked\r\n\r\n")
            try socket.send("2\r\nok\r\n0\r\nX-Trailer: yes\r\n\r\n")
        }
        let response = try await client.send(OutgoingRequest(.get, url: "http://127.0.0.1:\(server.port)/"))
        #expect(response.status == 200)
        #expect(response.fields == ["X-Late": "yes", "Transfer-Encoding": "chunked"])
        #expect(response.body == Array("ok".utf8))
    }

    @Test("a response of the very limit is taken, and one byte more is not", arguments: [true, false])
    func limit(isAnnounced: Bool) async throws {
        let server = try RawServer { socket in
            let head = try socket.receive(until: "\r\n\r\n")
            let size = head.contains("/more") ? 1001 : 1000
            let length = isAnnounced ? "Content-Length: \(size)\r\n" : ""
            try socket.send(
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\(length)\r\n" + String(repeating: "a", count: size)
            )
        }
        let limits = OutgoingRequest.Limits(responseBytes: 1000)
        let base = "http://127.0.0.1:\(server.port)"
        let response = try await client.send(OutgoingRequest(.get, url: "\(base)/", limits: limits))
        #expect(response.body.count == 1000)
        let error = await #expect(throws: TransportError.self) {
            try await client.send(OutgoingRequest(.get, url: "\(base)/more", limits: limits))
        }
        #expect(error?.code == .tooLarge)
    }

    @Test(
        "only https is spoken, and http to this machine",
        arguments: [
            "http://example.com/", "http://127.0.0.1.example.com/", "http://10.0.0.1/", "http://[::2]/",
            "http://0.0.0.0/",
            "http://localhost.example/", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/",
            "//127.0.0.1/",
            "127.0.0.1/x", "", "https://", "https://user:password@example.com/",
            "https://user@example.com/",
            "https://exa mple.com/", "https://example.com:99999/", "https://example.com/\r\nX: y",
            "https://example.com/\0",
        ]
    )
    func badURL(text: String) async {
        let error = await #expect(throws: TransportError.self) {
            try await client.send(OutgoingRequest(.get, url: text))
        }
        #expect(error?.code == .badURL)
        #expect(error?.description.contains("password") == false || text.isEmpty == false)
    }

    @Test(
        "a field that would break the request is not sent",
        arguments: [("A", "b\r\nC: d"), ("A\r\nB", "c"), ("A", "\0"), ("", "a")]
    )
    func badField(name: String, value: String) async {
        var fields = HTTPFields()
        fields.append(name, value)
        let error = await #expect(throws: TransportError.self) {
            try await client.send(OutgoingRequest(.get, url: "https://example.com/", fields: fields))
        }
        #expect(error?.code == .badURL)
    }

    @Test("a cancelled task aborts its request at once")
    func cancellation() async throws {
        let (asked, gate) = (Gate(), Gate())
        let server = try await TestHTTPServer { _ in
            asked.open()
            await gate.wait()
            return HTTPResponse(status: 200)
        }
        let address = url(server)
        let task = Task { try await client.send(OutgoingRequest(.get, url: address)) }
        await asked.wait()
        task.cancel()
        let error = await #expect(throws: TransportError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        gate.open()
    }

    @Test("a task that is cancelled before it asks does not ask")
    func cancelledBefore() async throws {
        let server = try RawServer { _ in }
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await client.send(OutgoingRequest(.get, url: "http://127.0.0.1:\(server.port)/"))
        }
        let error = await #expect(throws: TransportError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(server.connections == 0)
    }
}
