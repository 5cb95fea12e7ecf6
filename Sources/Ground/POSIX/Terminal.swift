internal import Glibc
internal import SwiftOverlayShims

/// What a standard stream leads to, where that is a person's terminal.
package enum Terminal {
    /// Whether a descriptor leads to a terminal.
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Whether this process may read from and change the terminal behind a descriptor, not being in its background.
    package static func isForeground(_ descriptor: Int32) -> Bool { tcgetpgrp(descriptor) == getpgrp() }

    /// How many columns the terminal has; nil where there is none or it does not tell.
    package static func width(_ descriptor: Int32) -> Int? {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Whether to colour what is written there: on a terminal that can, and not under `NO_COLOR` (no-color.org).
    package static func allowsColour(_ descriptor: Int32, _ environment: Environment) -> Bool {
        isTerminal(descriptor) && environment.nonEmpty("NO_COLOR") == nil && environment["TERM"] != "dumb"
    }
}
