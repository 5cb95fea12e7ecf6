/// One thing about a configuration that somebody has to mend, or should know.
package struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// How much it matters.
    package enum Severity: String, Sendable {
        /// The broker does not start.
        case error
        /// The broker starts, and does less than one may expect.
        case warning
    }

    package let severity: Severity
    /// The path of the configuration file as it was given.
    package let file: String
    /// From 1.
    package let line: Int
    /// In characters, from 1.
    package let column: Int
    /// The key with the keys above it, such as `targets.aws-prod.region`; empty for the file itself.
    package let key: String
    /// What is wrong.
    package let reason: String
    /// What to do about it.
    package let fix: String

    init(
        _ severity: Severity,
        file: String,
        line: Int,
        column: Int,
        key: String,
        _ reason: String,
        fix: String
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.key = key
        self.reason = reason
        self.fix = fix
    }

    /// All of it on one line, in the form that editors jump to.
    package var description: String {
        let subject = key.isEmpty ? "" : "\(key): "
        return "\(file):\(line):\(column): \(severity.rawValue): \(subject)\(reason); \(fix)"
    }
}

/// That a configuration cannot be used, with every reason.
package struct InvalidConfiguration: Error, Equatable, Sendable, CustomStringConvertible {
    /// The problems in the order of the file; at least one is an error.
    package let problems: [ConfigurationProblem]

    init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    /// One line for each problem.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
