internal import Glibc
internal import SwiftOverlayShims

/// The machine's own wall clock.
package enum SystemClock {
    /// The wall time now.
    @Sendable package static func now() -> UnixTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UnixTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
