internal import Crypto
internal import EventLoop
internal import Exchange
internal import Time

extension Pacing {
    /// Real time and real chance, waiting on a loop and so on no thread beside it.
    init(on loop: EventLoop) {
        self.init(
            elapsed: Pacing.sinceStart,
            sleep: { try? await loop.sleep(for: $0) },
            jitter: { bound in
                var random = SecureRandom()
                return .milliseconds(Int64.random(in: 0...max(0, bound.wholeMilliseconds), using: &random))
            }
        )
    }

    /// Time since the program first asked.
    static let sinceStart: @Sendable () -> Duration = { start.duration(to: ContinuousClock.now) }

    /// One beginning for all loops: what one of them notes of a target's outage counts for the others.
    private static let start = ContinuousClock.now
}
