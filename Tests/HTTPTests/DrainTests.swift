import EventLoop
import HTTP
import HTTPServer
import Support
import Testing

@Suite("The server's end")
struct DrainTests {
    private static let line = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test("draining closes idle connections, finishes what is under way and takes no more")
    func drain() async throws {
        let (served, started, finish) = (Gate(), Gate(), Gate())
        let server = try await TestHTTPServer { request in
            if request.path == "/slow" {
                started.open()
                await finish.wait()
            } else {
                served.open()
            }
            return HTTPResponse(status: 200, body: Array("done".utf8))
        }
        let port = server.server.port
        async let idle = onThread {
            let socket = try RawSocket(to: port)
            try socket.send(Self.line)
            return socket.receiveAll().ending
        }
        async let busy = server.answer(to: "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        // A connection that nobody has accepted when the draining begins is not served at all.
        await served.wait()
        await started.wait()
        async let drained: Void = server.server.drain(for: .seconds(30))
        #expect(try await idle == .closed)
        #expect(throws: SocketFailure.self) { _ = try RawSocket(to: port) }
        finish.open()
        let answer = try await busy
        #expect(answer.body == "done")
        #expect(answer.head.contains("Connection: close"))
        #expect(answer.ending == .closed)
        await drained
    }

    @Test("when the grace is over, what is left is cut off, and a late answer goes nowhere")
    func grace() async throws {
        let (started, finish) = (Gate(), Gate())
        let server = try await TestHTTPServer { _ in
            started.open()
            await finish.wait()
            return HTTPResponse(status: 200, body: Array("late".utf8))
        }
        async let cut = server.answer(to: Self.line)
        await started.wait()
        await server.server.drain(for: .milliseconds(50))
        #expect(try await cut.text.isEmpty)
        finish.open()
    }

    @Test("a port is free again when the server has ended, and two servers may share it before")
    func port() async throws {
        let (first, second) = (try EventLoop(), try EventLoop())
        try first.start(name: "first")
        try second.start(name: "second")
        let answer: HTTPServer.Handler = { _ in HTTPResponse(status: 200) }
        let refusal = { @Sendable (status: Int, _: String) in HTTPResponse(status: status) }
        let one = try await HTTPServer.start(
            on: first,
            settings: .init(address: "127.0.0.1", port: 0, errorBody: refusal),
            handler: answer
        )
        let two = try await HTTPServer.start(
            on: second,
            settings: .init(address: "127.0.0.1", port: one.port, errorBody: refusal),
            handler: answer
        )
        #expect(two.port == one.port)
        await one.close()
        await two.close()
        #expect(throws: SocketFailure.self) { _ = try RawSocket(to: one.port) }
        first.stop()
        second.stop()
    }

    @Test(
        "an address that cannot be listened on says so",
        arguments: [("localhost", 0, HTTPServerError.Code.address), ("192.0.2.1", 0, .listen), ("", 80, .address)]
    )
    func unusable(address: String, port: Int, code: HTTPServerError.Code) async throws {
        let loop = try EventLoop()
        try loop.start(name: "unusable")
        let settings = HTTPServer.Settings(address: address, port: UInt16(port)) { status, _ in
            HTTPResponse(status: status)
        }
        let error = await #expect(throws: HTTPServerError.self) {
            try await HTTPServer.start(on: loop, settings: settings) { _ in HTTPResponse(status: 200) }
        }
        #expect(error?.code == code)
        #expect(error?.description.contains(address) == true)
        loop.stop()
    }
}
