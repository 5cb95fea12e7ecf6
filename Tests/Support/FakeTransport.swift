package import Exchange
package import HTTP
internal import Locks

/// Time that passes only where something takes time: a reply that is slow, a pause before another try.
package final class TestTime: Sendable {
    private struct State {
        var elapsed: Duration = .zero
        var pauses: [Duration] = []
    }

    private let state = Lock(State())

    /// Makes a time that begins at nothing.
    package init() {}

    /// How much has passed.
    package var elapsed: Duration { state.withLock { $0.elapsed } }

    /// Every pause that was made, in order.
    package var pauses: [Duration] { state.withLock { $0.pauses } }

    /// Lets time pass.
    package func pass(_ duration: Duration) { state.withLock { $0.elapsed += duration } }

    /// Makes a pause, and remembers it.
    package func pause(_ duration: Duration) {
        state.withLock { $0.pauses.append(duration) }
        pass(duration)
    }

    /// A pacing by this time, whose jitter draws a part from 0 to 1 of each bound.
    package func pacing(drawing part: Double = 1) -> Pacing {
        Pacing(
            elapsed: { self.elapsed },
            sleep: { self.pause($0) },
            jitter: { bound in bound * part }
        )
    }
}

/// A network that answers from a script, one reply a request, and keeps what it was asked.
package final class FakeTransport: Transport {
    /// What comes of one request, and after how long.
    package enum Reply: Sendable {
        case answer(HTTPResponse, after: Duration)
        case failure(TransportError.Code, after: Duration)

        /// An answer that comes at once.
        package static func status(_ status: Int, _ body: String = "", fields: HTTPFields = [:]) -> Reply {
            .answer(HTTPResponse(status: status, fields: fields, body: Array(body.utf8)), after: .zero)
        }

        /// A failure that comes at once.
        package static func failing(_ code: TransportError.Code) -> Reply { .failure(code, after: .zero) }
    }

    private struct State {
        var script: ArraySlice<Reply>
        var requests: [OutgoingRequest] = []
        var hold: (@Sendable () async -> Void)?
    }

    private let state: Lock<State>
    private let time: TestTime

    /// Makes a network of a script; the last reply is given again when there is no other.
    package init(_ script: [Reply], time: TestTime = TestTime()) {
        precondition(!script.isEmpty, "a network without a reply")
        state = Lock(State(script: script[...]))
        self.time = time
    }

    /// Every request, in order.
    package var requests: [OutgoingRequest] { state.withLock { $0.requests } }

    /// What every request waits for before it is answered; nil for nothing.
    package var hold: (@Sendable () async -> Void)? {
        get { state.withLock { $0.hold } }
        set { state.withLock { $0.hold = newValue } }
    }

    package func send(_ request: OutgoingRequest) async throws(TransportError) -> HTTPResponse {
        let (reply, hold) = state.withLock { state in
            state.requests.append(request)
            let reply = state.script.count > 1 ? state.script.removeFirst() : state.script[state.script.startIndex]
            return (reply, state.hold)
        }
        await hold?()
        switch reply {
        case .answer(let response, let delay):
            try pass(delay, within: request)
            guard response.body.count <= request.limits.responseBytes else { throw error(.tooLarge, of: request) }
            return response
        case .failure(let code, let delay):
            try pass(delay, within: request)
            throw error(code, of: request)
        }
    }

    private func pass(_ delay: Duration, within request: OutgoingRequest) throws(TransportError) {
        time.pass(min(delay, request.limits.total))
        if delay > request.limits.total { throw error(.timeout, of: request) }
    }

    private func error(_ code: TransportError.Code, of request: OutgoingRequest) -> TransportError {
        let endpoint = request.url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true).prefix(2)
        return TransportError(code, endpoint: endpoint.joined(separator: "//"), reason: "the test says \(code)")
    }
}
