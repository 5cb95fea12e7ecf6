package import Crypto
package import EventLoop
internal import HTTP
package import HTTPServer
internal import Locks

/// A real server on a loop and port of its own.
package final class TestHTTPServer: Sendable {
    package let loop: EventLoop
    package let server: HTTPServer

    /// Starts a server on 127.0.0.1, with limits as a test needs them.
    ///
    /// Its error bodies are `STATUS: REASON`.
    ///
    /// - Throws: `EventLoopError` or `HTTPServerError`.
    package init(
        limits: HTTPServer.Limits = HTTPServer.Limits(),
        tls: TLSServerContext? = nil,
        notice: @escaping @Sendable (HTTPServer.Notice) -> Void = { _ in },
        handler: @escaping HTTPServer.Handler
    ) async throws {
        loop = try EventLoop()
        try loop.start(name: "test-server")
        var settings = HTTPServer.Settings(address: "127.0.0.1", port: 0, tls: tls, limits: limits) { status, reason in
            HTTPResponse(
                status: status,
                fields: ["Content-Type": "text/plain"],
                body: Array("\(status): \(reason)".utf8)
            )
        }
        settings.notice = notice
        server = try await HTTPServer.start(on: loop, settings: settings, handler: handler)
    }

    deinit {
        let (loop, server) = (loop, server)
        Task {
            await server.close()
            loop.stop()
        }
    }

    /// What the server answers to bytes, whose sender then waits for the end.
    ///
    /// - Throws: `SocketFailure`.
    package func answer(to bytes: [UInt8], thenHalfClose: Bool = false) async throws -> Conversation {
        let port = server.port
        return try await onThread {
            let socket = try RawSocket(to: port)
            try? socket.send(bytes)  // a server that has refused already may be gone
            if thenHalfClose { socket.finishSending() }
            let (text, ending) = socket.receiveAll()
            return Conversation(text: text, ending: ending)
        }
    }

    /// What the server answers to text.
    ///
    /// - Throws: `SocketFailure`.
    package func answer(to text: String, thenHalfClose: Bool = false) async throws -> Conversation {
        try await answer(to: Array(text.utf8), thenHalfClose: thenHalfClose)
    }
}

/// What came back on a connection, and how it ended.
package struct Conversation: Sendable {
    package let text: String
    package let ending: RawSocket.Ending

    /// The status codes of the responses, in order.
    package var statuses: [Int] {
        text.split(separator: "HTTP/1.", omittingEmptySubsequences: true).compactMap { Int($0.dropFirst(2).prefix(3)) }
    }

    /// The lines of the first head.
    package var head: [String] {
        (text.split(separator: "\r\n\r\n", omittingEmptySubsequences: false).first ?? "").split(separator: "\r\n").map(
            String.init
        )
    }

    /// What follows the first head.
    package var body: String {
        text.firstRange(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
    }
}
