internal import Locks
internal import Synchronization

/// Monotonic time, and waiting for it without a thread beside the loop's.
///
/// The standard library's `ContinuousClock` waits through libdispatch, whose threads a one-loop-a-core program does not
/// otherwise have.
package struct LoopClock: Clock {
    /// A moment of monotonic time.
    package typealias Instant = ContinuousClock.Instant

    private let loop: EventLoop

    /// Makes the clock of a loop.
    package init(_ loop: EventLoop) { self.loop = loop }

    /// The moment now.
    package var now: Instant { ContinuousClock.now }

    /// What libevent counts in.
    package var minimumResolution: Duration { .microseconds(1) }

    /// Waits; the tolerance is not used.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let sleeper = Sleeper(loop)
        let outcome = await withTaskCancellationHandler {
            await Reply.wait { reply in
                loop.execute { sleeper.begin(reply, until: deadline) }
            }
        } onCancel: {
            loop.execute { sleeper.end(with: .failure(CancellationError())) }
        }
        try outcome.get()
    }

    /// One wait; touched on the loop's thread alone.
    private final class Sleeper: @unchecked Sendable {
        private let loop: EventLoop
        private var timer: EventTimer?
        private var reply: Reply<Result<Void, any Error>>?
        /// The cancellation may come before the reply is waited for.
        private var outcome: Result<Void, any Error>?

        init(_ loop: EventLoop) { self.loop = loop }

        func begin(_ reply: Reply<Result<Void, any Error>>, until deadline: Instant) {
            if let outcome { return reply.give(outcome) }
            self.reply = reply
            do throws(EventLoopError) {
                timer = try EventTimer(on: loop) { [self] in wait(until: deadline) }
                wait(until: deadline)
            } catch {
                end(with: .failure(error))
            }
        }

        /// libevent's own clock may be some milliseconds behind, so that a timer comes early.
        private func wait(until deadline: Instant) {
            let rest = ContinuousClock.now.duration(to: deadline)
            if rest > .zero { timer?.set(after: rest) } else { end(with: .success(())) }
        }

        func end(with outcome: Result<Void, any Error>) {
            guard self.outcome == nil else { return }
            self.outcome = outcome
            timer?.cancel()
            timer = nil
            reply?.give(outcome)
            reply = nil
        }
    }
}

extension EventLoop {
    /// Waits for some time on this loop.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    package func sleep(for duration: Duration) async throws { try await LoopClock(self).sleep(for: duration) }
}
