internal import YAML

/// What was found wrong so far with one file; belongs to one call of `Configuration.parse`.
final class Problems {
    let file: String
    /// The directory of what systemd hands over.
    let credentials: String
    private var found: [ConfigurationProblem] = []

    init(file: String, credentials: String = Configuration.credentials) {
        self.file = file
        self.credentials = credentials
    }

    /// Everything found, in the order of the file.
    var all: [ConfigurationProblem] {
        // Sorting keeps what stands at one place in the order in which it was found.
        found.enumerated().sorted { left, right in
            (left.element.line, left.element.column, left.offset) < (
                right.element.line, right.element.column, right.offset
            )
        }.map(\.element)
    }

    /// Takes over what was found wrong with a file that this one names.
    func adopt(_ other: Problems) { found += other.found }

    var hasErrors: Bool { found.contains { $0.severity == .error } }

    func error(at mark: YAMLMark, _ key: String, _ reason: String, fix: String) {
        add(.error, at: mark, key, reason, fix: fix)
    }

    func warning(at mark: YAMLMark, _ key: String, _ reason: String, fix: String) {
        add(.warning, at: mark, key, reason, fix: fix)
    }

    private func add(
        _ severity: ConfigurationProblem.Severity,
        at mark: YAMLMark,
        _ key: String,
        _ reason: String,
        fix: String
    ) {
        found.append(
            ConfigurationProblem(
                severity,
                file: file,
                line: mark.line,
                column: mark.column,
                key: key,
                reason,
                fix: fix
            )
        )
    }
}

/// A value with the place where it is written and the key that it is written under.
struct Located<Value> {
    let value: Value
    let mark: YAMLMark
    let key: String
}
