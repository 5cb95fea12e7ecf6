internal import Locks
package import Time

/// A wall clock that stands still until a test turns it.
package final class TestClock: Sendable {
    private let moment: Lock<UnixTime>

    /// Makes a clock that shows 2026-11-22T09:30:00Z, or another moment.
    package init(_ start: UnixTime = UnixTime(seconds: 1_795_339_800)) { moment = Lock(start) }

    /// What the clock shows.
    package var now: UnixTime { moment.withLock { $0 } }

    /// The clock as modules take it.
    package var wall: WallClock { { self.now } }

    /// Turns the clock forward, or backward by a negative duration.
    package func advance(by duration: Duration) { moment.withLock { $0 = $0 + duration } }
}
