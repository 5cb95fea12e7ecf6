internal import Locks

/// Keeps trades away from a target whose service is down, so that jobs do not wait for what cannot come, and a service that
/// gets up again is not run over.
///
/// After some tries in a row that met an outage it is open: trades fail at once. When a pause is over one try is let
/// through; its success closes the breaker, its failure opens it for twice the pause. A refusal is an answer, and closes it
/// as well. It counts in this process alone.
package final class Breaker: Sendable {
    /// How many tries in a row open it.
    package static let threshold = 5
    static let firstPause = Duration.seconds(5)
    static let longestPause = Duration.seconds(60)

    /// How it stands.
    package enum Position: String, CaseIterable, Sendable {
        /// Every try goes through.
        case closed
        /// The next try goes through, alone.
        case halfOpen = "half_open"
        /// None does.
        case open
    }

    /// Whether a try may be made.
    enum Admission: Equatable {
        case go
        /// Not before this long, and why.
        case wait(Duration, last: String)
    }

    private struct State {
        var failures = 0
        var pause = Breaker.firstPause
        /// Until when it is open, by the pacing's time; nil while it is closed.
        var opensAgain: Duration?
        var isProbing = false
        var last = ""
    }

    private let state = Lock(State())

    /// Makes a breaker that is closed.
    package init() {}

    /// How it stands at a moment.
    package func position(at now: Duration) -> Position {
        state.withLock { state in
            guard let end = state.opensAgain else { return .closed }
            return now < end || state.isProbing ? .open : .halfOpen
        }
    }

    /// Asks for a try, which is then to be told of.
    func admit(at now: Duration) -> Admission {
        state.withLock { state in
            guard let end = state.opensAgain else { return .go }
            guard now >= end, !state.isProbing else { return .wait(max(end - now, .seconds(1)), last: state.last) }
            state.isProbing = true
            return .go
        }
    }

    /// Takes note of a try that brought an answer, whatever it said.
    func answered() { state.withLock { $0 = State() } }

    /// Takes note of a try that met an outage.
    func failed(_ failure: ExchangeFailure, at now: Duration) {
        state.withLock { state in
            state.failures += 1
            state.last = failure.description
            if state.isProbing { state.pause = min(state.pause * 2, Self.longestPause) }
            guard state.isProbing || state.failures >= Self.threshold else { return }
            state.isProbing = false
            state.opensAgain = now + max(state.pause, min(failure.retryAfter ?? .zero, Self.longestPause))
        }
    }

    /// Takes note of a try that came to nothing because nobody waited for it: the next may probe.
    func abandoned() { state.withLock { $0.isProbing = false } }
}

/// The breakers of a broker's targets, each made when its target is first asked.
package final class Breakers: Sendable {
    private let all = Lock<[String: Breaker]>([:])

    /// Makes breakers for targets that are all up.
    package init() {}

    /// The breaker of a target by its name.
    package func breaker(of target: String) -> Breaker {
        all.withLock { all in
            if let breaker = all[target] { return breaker }
            let breaker = Breaker()
            all[target] = breaker
            return breaker
        }
    }

    /// How each target's stands, by name.
    package func positions(at now: Duration) -> [(target: String, position: Breaker.Position)] {
        all.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value.position(at: now)) }
    }

    /// Forgets targets that the configuration no longer has.
    package func keep(_ names: Set<String>) { all.withLock { all in all = all.filter { names.contains($0.key) } } }
}
