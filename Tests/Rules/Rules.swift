/// Rules holds what no compiler and no linter holds: which module may import which, how long a file and a function may
/// be, what must be documented, where memory may be touched, and that everything under `deploy/` is tried by a test.
///
/// Each rule is a function from sources to violations, so that a test can plant a violation and see it found. The table of
/// imports stands in one place, README.md, where people read it; the rules hold sources and `Package.swift` to it.

/// One place that breaks a rule, and what to do about it.
struct Violation: Equatable, Sendable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    init(_ path: String, line: Int = 1, _ message: String) {
        self.path = path
        self.line = line
        self.message = message
    }

    var description: String { "\(path):\(line): \(message)" }
}
