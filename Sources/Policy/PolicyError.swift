/// Why rules of configuration are no policy; the message tells the operator what to write.
package struct PolicyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was wrong.
    package enum Code: Equatable, Sendable {
        /// A list that allows nobody, which would be a silent outage.
        case emptyList
        /// A rule that allows everybody.
        case emptyRule
        /// More rules, claims or values than one list, rule or claim may have.
        case tooMany
        /// Two entries for one thing.
        case duplicate
    }

    package let code: Code
    /// What was wrong.
    package let reason: String
    /// What to write instead.
    package let fix: String

    init(_ code: Code, _ reason: String, fix: String) {
        self.code = code
        self.reason = reason
        self.fix = fix
    }

    package var description: String { "\(reason); \(fix)" }
}
