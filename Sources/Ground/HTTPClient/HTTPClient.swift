package import EventLoop
package import HTTP
internal import Locks

/// HTTPClient owns every outgoing request: libcurl's multi interface on one event loop, so that a request waits without a
/// thread of its own and connections are used again.
///
/// It verifies TLS (1.2 and newer) always, speaks plain http to loopback addresses alone, follows no redirect, and decodes
/// no content coding. Nothing in the process environment changes what it does: proxies are not taken from `https_proxy`
/// and its like, because a variable that any parent process may set would then see where tokens go; `SSLKEYLOGFILE` and
/// `.netrc` are not honoured either. A host that is reached by a proxy alone is reached through a gateway of its own.
///
/// It never retries, and keeps nothing of a request or response once it has been answered.
///
/// RFC 9110 (semantics), RFC 9112 and RFC 9113 (HTTP/1.1 and 2, by libcurl).
package final class HTTPClient: Transport {
    private let engine: Engine

    /// Makes a client whose requests run on a loop.
    ///
    /// More requests at once than `connections` (256) wait for one another. As many stay open for the next request, 32 where it is
    /// not given.
    package init(on loop: EventLoop, connections: Int? = nil) { engine = Engine(on: loop, connections: connections) }

    deinit {
        let engine = engine
        engine.loop.execute { engine.close() }
    }

    /// Sends a request; from any task.
    ///
    /// Cancelling the task aborts it.
    ///
    /// - Returns: the response, whatever its status.
    /// - Throws: `TransportError` where no whole response within the request's limits came.
    package func send(_ request: OutgoingRequest) async throws(TransportError) -> HTTPResponse {
        let transfer = try Transfer(request)
        let engine = engine
        let result: Result<HTTPResponse, TransportError> = await withTaskCancellationHandler {
            await Reply.wait { reply in
                engine.loop.execute { engine.begin(transfer) { reply.give($0) } }
            }
        } onCancel: {
            engine.loop.execute { engine.cancel(transfer) }
        }
        return try result.get()
    }
}
