package import Time

/// Logs owns the lines that a running program writes for the people who run it: one line an event, as text or as JSON.
///
/// It never holds a secret, because its callers never give it one; it keeps no file and rotates none (the line goes to a
/// sink, which is standard error); and no value, wherever it came from, can begin a second line or move a terminal's cursor.
///
/// Times as in RFC 3339, JSON lines as in RFC 8259.
package struct Log: Sendable {
    /// How much an event matters, the least first.
    package enum Level: String, CaseIterable, Comparable, Sendable {
        /// For whoever looks for a fault.
        case debug
        /// The program's life and what it was asked to do.
        case info
        /// Something is wrong and the program goes on as well as before.
        case warning
        /// Something that was asked for was not done.
        case error

        package static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// How a line is written.
    package enum Format: String, CaseIterable, Sendable {
        /// For people: `2026-11-22T09:30:00Z info message name=value`.
        case text
        /// For programs: one object a line.
        case json
    }

    /// Takes one whole line with its line feed; called from any thread, and has to write it in one call.
    package typealias Sink = @Sendable ([UInt8]) -> Void

    /// Names and values; a nil value leaves its name out.
    package typealias Fields = KeyValuePairs<String, String?>

    private let level: Level
    private let format: Format
    private let trace: String?
    private let clock: WallClock
    private let sink: Sink

    /// Makes a log of events of a level and those above it.
    package init(level: Level, format: Format, clock: @escaping WallClock, sink: @escaping Sink) {
        self.init(level: level, format: format, trace: nil, clock: clock, sink: sink)
    }

    private init(level: Level, format: Format, trace: String?, clock: @escaping WallClock, sink: @escaping Sink) {
        self.level = level
        self.format = format
        self.trace = trace
        self.clock = clock
        self.sink = sink
    }

    /// The same log, whose lines carry the trace id of one request.
    package func tracing(_ trace: String) -> Log {
        Log(level: level, format: format, trace: trace, clock: clock, sink: sink)
    }

    /// Whether an event of this level is written.
    package func writes(_ level: Level) -> Bool { level >= self.level }

    /// Writes an event for whoever looks for a fault.
    package func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.debug, message, fields)
    }

    /// Writes an event of the program's ordinary life.
    package func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.info, message, fields)
    }

    /// Writes an event that somebody should look at.
    package func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.warning, message, fields)
    }

    /// Writes a failure.
    package func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.error, message, fields)
    }

    private func write(_ level: Level, _ message: () -> String, _ fields: () -> Fields) {
        guard writes(level) else { return }
        let line = LogLine(time: clock(), level: level, message: message(), trace: trace, fields: fields())
        sink(line.bytes(as: format))
    }
}
