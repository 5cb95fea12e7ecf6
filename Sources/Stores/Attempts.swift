internal import POSIX

/// How long what others were in the way of is done again: for some seconds, with pauses that grow and that no two brokers share.
struct Attempts {
    private static let patience = Duration.seconds(8)
    /// The longest pause before the first attempt after a conflict, in microseconds, and before any.
    private static let pauses = (first: 200, longest: 50_000)

    private let end = ContinuousClock.now + Self.patience
    private var longest = Self.pauses.first

    /// Waits a moment before another attempt; false where the time is over.
    mutating func goOn() -> Bool {
        guard .now < end else { return false }
        WorkerThread.pause(for: .microseconds(Int.random(in: 0...longest)))
        longest = min(longest * 2, Self.pauses.longest)
        return true
    }
}
