internal import Locks
internal import Time

/// How many of something may happen in a minute: what strangers can make a broker write has a bound.
final class Allowance: Sendable {
    private let limit: Int
    private let window = Lock((minute: Int64(0), used: 0))

    init(perMinute limit: Int) { self.limit = limit }

    /// Takes one of this minute's; false where none is left.
    func take(at now: UnixTime) -> Bool {
        let minute = now.seconds / 60
        return window.withLock { window in
            if window.minute != minute { window = (minute, 0) }
            guard window.used < limit else { return false }
            window.used += 1
            return true
        }
    }
}
