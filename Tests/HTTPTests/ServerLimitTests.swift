import EventLoop
import HTTP
import HTTPServer
import Locks
import Support
import Testing

@Suite("The server's limits")
struct ServerLimitTests {
    private static let line = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

    /// Limits of a fifth of a second, so that a test waits no longer than it must.
    private static func short(idle: Duration = .seconds(60), request: Duration = .seconds(60)) -> HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.idle = idle
        limits.request = request
        return limits
    }

    @Test("a head that drips is cut at the deadline, though bytes keep coming")
    func drippingHead() async throws {
        let server = try await ServerTests.echoing(Self.short(request: .milliseconds(200)))
        let port = server.server.port
        let text = try await onThread {
            let socket = try RawSocket(to: port)
            try socket.send("GET / HTTP/1.1\r\nHost: x\r\n")
            // The server's end stops the drip; without it this would go on for a minute.
            for _ in 0..<600 {
                do { try socket.send("A: b\r\n") } catch { break }
                if socket.hasInput(within: .milliseconds(100)) { break }
            }
            return socket.receiveAll().text
        }
        #expect(text.hasPrefix("HTTP/1.1 408 "))
        #expect(text.hasSuffix("408: the request did not arrive whole in time"))
    }

    @Test("a body that stalls is cut at the deadline")
    func stallingBody() async throws {
        let server = try await ServerTests.echoing(Self.short(request: .milliseconds(200)))
        let answer = try await server.answer(to: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        #expect(answer.statuses == [408])
        #expect(answer.ending == .closed)
    }

    @Test("a deadline counts from a request's first byte, not from the connection's")
    func deadlinePerRequest() async throws {
        let server = try await ServerTests.echoing(Self.short(request: .milliseconds(400)))
        let port = server.server.port
        let answers = try await onThread {
            let socket = try RawSocket(to: port)
            var answers = 0
            for _ in 0..<6 {
                try socket.send(Self.line)
                if try socket.receive(until: "[] -").contains("200 OK") { answers += 1 }
                _ = socket.hasInput(within: .milliseconds(150))
            }
            return answers
        }
        #expect(answers == 6)
    }

    @Test("an idle connection is closed without a word, before its first request and after it")
    func idle() async throws {
        let server = try await ServerTests.echoing(Self.short(idle: .milliseconds(200)))
        let silent = try await server.answer(to: "")
        #expect(silent.text.isEmpty)
        #expect(silent.ending == .closed)
        let answered = try await server.answer(to: Self.line)
        #expect(answered.statuses == [200])
        #expect(answered.ending == .closed)
    }

    @Test("a client that does not take its answer loses the connection, not the server its memory")
    func unread() async throws {
        let limits = Self.short(request: .milliseconds(200))
        let asked = Gate()
        let server = try await TestHTTPServer(limits: limits) { _ in
            asked.open()
            return HTTPResponse(status: 200, body: Array(repeating: 0x61, count: 32 << 20))
        }
        let port = server.server.port
        let socket = try await onThread { HeldSocket(try RawSocket(to: port)) }
        try await onThread { try socket.socket.send(Self.line) }
        await asked.wait()
        while await server.server.openConnections > 0 { try await Task.sleep(for: .milliseconds(20)) }
        let received = try await onThread { socket.socket.receiveAll().text.utf8.count }
        #expect(received < 32 << 20)
    }

    @Test("a handler may take longer than any deadline of the connection")
    func slowHandler() async throws {
        let server = try await TestHTTPServer(limits: Self.short(idle: .milliseconds(100), request: .milliseconds(100)))
        {
            _ in
            try? await Task.sleep(for: .milliseconds(500))
            return HTTPResponse(status: 200, body: Array("late".utf8))
        }
        let answer = try await server.answer(to: Self.line)
        #expect(answer.body == "late")
    }

    @Test("a thousand connections that come and go leave the server as it was")
    func comingAndGoing() async throws {
        let server = try await ServerTests.echoing()
        let port = server.server.port
        try await onThread {
            for index in 0..<1000 {
                let socket = try RawSocket(to: port)
                if index % 2 == 0 { try socket.send(String(Self.line.prefix(index % Self.line.count))) }
                if index % 3 == 0 { socket.resetAtEnd() }
            }
        }
        #expect(try await server.answer(to: Self.line, thenHalfClose: true).statuses == [200])
    }

    @Test("a client that goes away while its request is handled harms nobody")
    func goneWhileHandled() async throws {
        let gate = Gate()
        let server = try await TestHTTPServer { request in
            if request.path == "/wait" { await gate.wait() }
            return HTTPResponse(status: 200, body: Array(repeating: 0x61, count: 1 << 20))
        }
        let port = server.server.port
        try await onThread {
            for index in 0..<50 {
                let socket = try RawSocket(to: port)
                try socket.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
                if index % 2 == 0 { socket.resetAtEnd() }
            }
        }
        gate.open()
        #expect(try await server.answer(to: Self.line, thenHalfClose: true).statuses == [200])
    }
}

/// A socket in a collection.
final class HeldSocket: Sendable {
    let socket: RawSocket
    init(_ socket: consuming RawSocket) { self.socket = socket }
}
