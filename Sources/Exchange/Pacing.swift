/// How a trade tells elapsed time, waits and draws its pauses; tests turn all three.
package struct Pacing: Sendable {
    /// Time since some fixed moment, by a clock that nobody sets.
    package let elapsed: @Sendable () -> Duration
    /// Waits; may come back early where the task is cancelled.
    package let sleep: @Sendable (Duration) async -> Void
    /// A duration drawn evenly from nothing up to the given one.
    package let jitter: @Sendable (Duration) -> Duration

    /// Makes a pacing.
    package init(
        elapsed: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async -> Void,
        jitter: @escaping @Sendable (Duration) -> Duration
    ) {
        self.elapsed = elapsed
        self.sleep = sleep
        self.jitter = jitter
    }
}
