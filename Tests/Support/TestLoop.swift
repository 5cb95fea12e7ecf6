package import EventLoop
package import HTTPClient

/// A loop on a thread of its own that ends with its owner.
package final class TestLoop: Sendable {
    package let loop: EventLoop

    /// Starts a loop.
    ///
    /// - Throws: `EventLoopError`.
    package init() throws(EventLoopError) {
        loop = try EventLoop()
        try loop.start(name: "test-loop")
    }

    deinit { loop.stop() }
}

/// A real client on a loop of its own.
package struct TestClient: Sendable {
    /// It goes before its loop, which still closes its connections.
    package let client: HTTPClient
    package let loop: TestLoop

    /// Makes a client.
    ///
    /// - Throws: `EventLoopError`.
    package init() throws(EventLoopError) {
        loop = try TestLoop()
        client = HTTPClient(on: loop.loop)
    }
}
