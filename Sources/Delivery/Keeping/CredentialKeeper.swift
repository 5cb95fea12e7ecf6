internal import Locks
package import Time

/// Why a credential could not be renewed.
package struct RenewalFailure: Error, Equatable, Sendable {
    /// Whether asking again is pointless: the run has ended, or somebody said no.
    package let isFinal: Bool
    package let message: String

    /// Makes a failure.
    package init(isFinal: Bool, message: String) {
        self.isFinal = isFinal
        self.message = message
    }
}

/// Who obtains a target's credential: the broker, or the job's own trade; with a new ID token each time.
package protocol CredentialSource: Sendable {
    /// Obtains a credential, and has done with it all that must be done before anybody may use it.
    ///
    /// - Throws: `RenewalFailure`.
    func obtain() async throws(RenewalFailure) -> HeldCredential
}

/// A credential that several may read, and how fresh it is.
package final class HeldCredential: Sendable {
    package let answer: CredentialAnswer
    package let freshness: Freshness

    /// Holds a credential that came at a moment.
    package init(_ answer: consuming CredentialAnswer, obtained: UnixTime) {
        freshness = Freshness(obtained: obtained, expires: answer.expires)
        self.answer = answer
    }
}

/// Keeps one target's credential fresh for as long as a child runs: renews it ahead of its end, and answers with one that is
/// good now.
///
/// Whoever asks meanwhile shares the renewal under way. A refusal is final and ends the renewing; what was obtained before is
/// handed out until it ends, as it would be used by whoever has it already. An outage is waited out.
package final class CredentialKeeper: Sendable {
    package let target: String
    private let source: any CredentialSource
    private let clock: WallClock
    private let state: Lock<State>

    private struct State {
        var held: HeldCredential
        var failure: RenewalFailure?
        /// Outages in a row.
        var failures = 0
        var renewal: Task<Void, Never>?
    }

    /// The longest pause after an outage.
    private static let longestPause = Duration.seconds(30)

    /// Keeps a credential that was just obtained.
    package init(
        _ target: String,
        _ first: HeldCredential,
        from source: any CredentialSource,
        clock: @escaping WallClock
    ) {
        self.target = target
        self.source = source
        self.clock = clock
        state = Lock(State(held: first))
    }

    /// A credential that is good now, renewed first where that is due.
    ///
    /// - Throws: `RenewalFailure` where the last one has ended and there is no other.
    package func current() async throws(RenewalFailure) -> HeldCredential {
        let (held, failure) = state.withLock { ($0.held, $0.failure) }
        if held.freshness.due > clock() { return held }
        if failure?.isFinal != true { await renew() }
        let (latest, reason) = state.withLock { ($0.held, $0.failure) }
        if latest.freshness.isUsable(at: clock()) { return latest }
        throw reason ?? RenewalFailure(isFinal: false, message: "the credential of \(target) had ended when it came")
    }

    /// Renews the credential whenever that is due, until somebody says no or the task is cancelled.
    ///
    /// - Returns: why there will be no more; nil where the task was cancelled.
    package func keep(_ sleep: @Sendable (Duration) async -> Void) async -> RenewalFailure? {
        while !Task.isCancelled {
            let (due, failures) = state.withLock { ($0.held.freshness.due, $0.failures) }
            let pause = failures == 0 ? Duration.zero : min(.seconds(1 << min(failures, 5)), Self.longestPause)
            // At least a second, also where what comes is as old as what was there.
            await sleep(max(due - clock(), pause, .seconds(1)))
            if Task.isCancelled { return nil }
            guard state.withLock({ $0.held.freshness.due }) <= clock() else { continue }
            await renew()
            if let failure = state.withLock({ $0.failure }), failure.isFinal { return failure }
        }
        return nil
    }

    /// Waits for the renewal under way, or begins one.
    private func renew() async {
        let renewal = state.withLock { state in
            if let renewal = state.renewal { return renewal }
            let renewal = Task { await self.renewOnce() }
            state.renewal = renewal
            return renewal
        }
        await renewal.value
    }

    private func renewOnce() async {
        do throws(RenewalFailure) {
            let held = try await source.obtain()
            state.withLock { state in
                state.held = held
                state.failure = nil
                state.failures = 0
                state.renewal = nil
            }
        } catch {
            state.withLock { state in
                state.failure = error
                state.failures += 1
                state.renewal = nil
            }
        }
    }
}
