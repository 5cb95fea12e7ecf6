package import HTTP
internal import Locks
package import Tokens

/// An issuer's web server without a network: documents by URL, failures on demand, and a count of what was fetched.
package final class FakeIssuer: Transport {
    /// What a URL answers.
    package enum Answer: Sendable {
        case document([UInt8])
        case status(Int)
        case failure(TransportError.Code)
    }

    private struct State {
        var answers: [String: Answer] = [:]
        var requests: [String] = []
        var isHeld = false
        var waiting: [Reply<Void>] = []
    }

    private let state = Lock(State())

    /// Makes a server that knows no URL yet.
    package init() {}

    /// Makes a server of an issuer's own two documents.
    package convenience init(of issuer: Issuer) {
        self.init()
        publish(issuer)
    }

    /// Puts an issuer's two documents up, in place of what was there.
    package func publish(_ issuer: Issuer) {
        self[issuer.url.discovery] = .document(issuer.discoveryDocument.body)
        self[issuer.url.keys] = .document(issuer.keyDocument.body)
    }

    /// What a URL answers; 404 where nothing was put up.
    package subscript(url: String) -> Answer {
        get { state.withLock { $0.answers[url] ?? .status(404) } }
        set { state.withLock { $0.answers[url] = newValue } }
    }

    /// Every URL that was fetched, in order.
    package var requests: [String] { state.withLock { $0.requests } }

    /// Keeps requests waiting from now on.
    package func hold() { state.withLock { $0.isHeld = true } }

    /// Answers those that wait, and all that come.
    package func release() {
        let waiting = state.withLock { state in
            state.isHeld = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter.give() }
    }

    /// Waits until a number of requests has come.
    package func requestsReach(_ count: Int) async {
        while requests.count < count { await Task.yield() }
    }

    package func send(_ request: OutgoingRequest) async throws(TransportError) -> HTTPResponse {
        await Reply<Void>.wait { reply in
            let isHeld = state.withLock { state in
                state.requests.append(request.url)
                if state.isHeld { state.waiting.append(reply) }
                return state.isHeld
            }
            if !isHeld { reply.give() }
        }
        switch self[request.url] {
        case .document(let body):
            guard body.count <= request.limits.responseBytes else { throw failure(.tooLarge, request) }
            return HTTPResponse(status: 200, fields: ["Content-Type": "application/json"], body: body)
        case .status(let status): return HTTPResponse(status: status)
        case .failure(let code): throw failure(code, request)
        }
    }

    private func failure(_ code: TransportError.Code, _ request: OutgoingRequest) -> TransportError {
        TransportError(code, endpoint: request.url, reason: "the test says \(code)")
    }
}
