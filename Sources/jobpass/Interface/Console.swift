internal import JSON
internal import POSIX
internal import Text

/// Where a command writes: results to standard output, all else to standard error.
struct Console: Sendable {
    private let environment: Environment

    init(_ environment: Environment) { self.environment = environment }

    /// How results may look.
    var resultStyle: Style { style(StandardOutput.descriptor) }

    /// How what is said beside them may look.
    var noteStyle: Style { style(StandardError.descriptor) }

    /// The width that text is broken to on standard output, or on standard error where that is where it goes.
    func width(of descriptor: Int32) -> Int { Terminal.width(descriptor) ?? 80 }

    /// Writes a result as it is.
    func result(_ text: String) throws(POSIXError) { try StandardOutput.write(text) }

    /// Writes a result for programs: one line of JSON, or more on a terminal.
    func result(_ json: JSON) throws(POSIXError) {
        guard Terminal.isTerminal(StandardOutput.descriptor) else { return try result("\(json.text)\n") }
        let lines = String(decoding: json.serialized(pretty: true), as: UTF8.self).split(separator: "\n")
        try result(lines.map { line in "\(line.madeVisibleInJSON)\n" }.joined())
    }

    /// Says something that is no result.
    func note(_ text: String) { StandardError.write("jobpass: \(text.madeVisible)\n") }

    /// Says something in a form of its own, such as `FILE:LINE:COLUMN: …`, to which editors jump.
    func line(_ text: String) { StandardError.write("\(text.madeVisible)\n") }

    /// Says that something needs attention, though the command goes on.
    func warning(_ text: String) {
        StandardError.write("jobpass: \(noteStyle.warning("warning:")) \(text.madeVisible)\n")
    }

    /// Says why the command failed and what to do.
    func failure(_ error: CommandError) {
        var lines = error.message.split(separator: "\n", omittingEmptySubsequences: false).map(\.madeVisible)
        lines[0] = "jobpass: \(noteStyle.bad("error:")) \(lines[0])"
        if let advice = error.advice { lines.append("jobpass: \(advice.madeVisible)") }
        StandardError.write(lines.joined(separator: "\n") + "\n")
    }

    private func style(_ descriptor: Int32) -> Style {
        Style(isColoured: Terminal.allowsColour(descriptor, environment))
    }
}
