import HTTP
import HTTPServer
import Support
import Testing

@Suite("The server")
struct ServerTests {
    /// Tells the request back: method, path, query, body, and one field.
    static func echo(_ request: HTTPRequest) -> HTTPResponse {
        let said = request.fields["X-Said"] ?? "-"
        let body = String(decoding: request.body, as: UTF8.self)
        let text = "\(request.method.rawValue) \(request.path) ?\(request.query) [\(body)] \(said)"
        return HTTPResponse(status: 200, fields: ["Content-Type": "text/plain"], body: Array(text.utf8))
    }

    /// A server of `echo`.
    static func echoing(_ limits: HTTPServer.Limits = HTTPServer.Limits()) async throws -> TestHTTPServer {
        try await TestHTTPServer(limits: limits) { request in
            await Task.yield()  // so that the answer does not come within libevent's own call
            return echo(request)
        }
    }

    @Test("a request reaches the handler whole, and its answer comes back framed by the server")
    func whole() async throws {
        let server = try await Self.echoing()
        let answer = try await server.answer(
            to:
                "POST /a%2Fb/c?d=e&f HTTP/1.1\r\nHost: x\r\nX-Said: grüß\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        )
        #expect(answer.ending == .closed)
        #expect(answer.body == "POST /a%2Fb/c ?d=e&f [hello] grüß")
        let head = answer.head
        #expect(head.first == "HTTP/1.1 200 OK")
        #expect(head.contains("Content-Type: text/plain"))
        #expect(head.contains("Content-Length: \(answer.body.utf8.count)"))
        #expect(head.contains("Connection: close"))
        #expect(head.count { $0.hasPrefix("Date: ") } == 1)
        #expect(!head.contains { $0.hasPrefix("Server:") })
    }

    @Test("the peer is told by its address")
    func peer() async throws {
        let server = try await TestHTTPServer { HTTPResponse(status: 200, body: Array($0.peer.address.utf8)) }
        #expect(try await server.answer(to: "GET / HTTP/1.0\r\n\r\n").body == "127.0.0.1")
    }

    @Test("a connection serves request after request, pipelined ones in order")
    func pipelined() async throws {
        let server = try await Self.echoing()
        let first = "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none"
        let second = "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
        let last = "GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        let answer = try await server.answer(to: first + second + last)
        #expect(answer.statuses == [200, 200, 200])
        let order = ["POST /1 ?", "GET /2 ?", "GET /3 ?"].compactMap { answer.text.firstRange(of: $0)?.lowerBound }
        #expect(order.count == 3 && order == order.sorted())
    }

    @Test("bytes that arrive one at a time make the same request")
    func byteByByte() async throws {
        let server = try await Self.echoing()
        let port = server.server.port
        let text = try await onThread {
            let socket = try RawSocket(to: port)
            let request = "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"
            for byte in request.utf8 { try socket.send([byte]) }
            return socket.receiveAll().text
        }
        #expect(text.hasSuffix("POST /slow ? [body] -"))
    }

    @Test("a client that has no more to say still gets its answer")
    func halfClosed() async throws {
        let server = try await Self.echoing()
        let answer = try await server.answer(to: "GET /half HTTP/1.1\r\nHost: x\r\n\r\n", thenHalfClose: true)
        #expect(answer.statuses == [200])
        #expect(answer.ending == .closed)
    }

    @Test("HEAD is answered with the length of what GET would say, and without it")
    func head() async throws {
        let server = try await Self.echoing()
        let answer = try await server.answer(to: "HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.head.contains("Content-Length: 14"))
        #expect(answer.body == "")
    }

    @Test("an answer that may have no body has none, nor a length", arguments: [204, 304])
    func bodiless(status: Int) async throws {
        let server = try await TestHTTPServer { _ in HTTPResponse(status: status, body: [1, 2, 3]) }
        let answer = try await server.answer(to: "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.statuses == [status])
        #expect(answer.body == "")
        #expect(!answer.text.contains("Content-Length"))
    }

    @Test("a chunked body is put together, and is the last request of its connection")
    func chunked() async throws {
        let server = try await Self.echoing()
        let request = "PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        let answer = try await server.answer(to: request + "GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(answer.statuses == [200])
        #expect(answer.body == "PUT /c ? [abcde] -")
        #expect(answer.ending != .silence)
    }

    @Test("a client that asks first is told to go on")
    func expectContinue() async throws {
        let server = try await Self.echoing()
        let port = server.server.port
        let text = try await onThread {
            let socket = try RawSocket(to: port)
            try socket.send("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            let leave = try socket.receive(until: "\r\n\r\n")
            #expect(leave == "HTTP/1.1 100 Continue\r\n\r\n")
            try socket.send("ok")
            return try socket.receive(until: "[ok]")
        }
        #expect(text.contains("POST /e ? [ok]"))
    }

    @Test("a field with a line break in it never leaves the server")
    func responseSplitting() async throws {
        let server = try await TestHTTPServer { _ in
            HTTPResponse(status: 200, fields: ["X-Echo": "a\r\nSet-Cookie: b"], body: Array("secret".utf8))
        }
        let answer = try await server.answer(to: "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.statuses == [500])
        #expect(!answer.text.contains("Set-Cookie"))
        #expect(!answer.text.contains("secret"))
    }

    @Test("a handler cannot change the framing of its answer")
    func framing() async throws {
        let server = try await TestHTTPServer { _ in
            let fields: HTTPFields = ["Content-Length": "1", "Transfer-Encoding": "chunked", "Connection": "upgrade"]
            return HTTPResponse(status: 200, fields: fields, body: Array("four".utf8))
        }
        let answer = try await server.answer(to: "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.head.filter { $0.hasPrefix("Content-Length") } == ["Content-Length: 4"])
        #expect(answer.head.filter { $0.hasPrefix("Connection") } == ["Connection: close"])
        #expect(!answer.text.contains("chunked"))
    }

    @Test("an answer of megabytes arrives whole, however slowly it is taken")
    func large() async throws {
        let server = try await TestHTTPServer { _ in
            HTTPResponse(status: 200, body: Array(repeating: 0x61, count: 8 << 20))
        }
        let answer = try await server.answer(to: "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.body.utf8.count == 8 << 20)
        #expect(answer.ending == .closed)
    }
}
