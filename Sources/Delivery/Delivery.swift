/// Delivery owns the way of a released credential to the job: the broker's answer that carries it, the forms in which tools
/// read it, the environment of the child process that uses it, and what of it is kept out of the child's output.
///
/// It releases nothing itself: what it writes out has its ledger entry already. It starts no process and prints nothing; what
/// a form cannot carry faithfully it refuses, rather than bend a secret into shape.
///
/// The contract's answers under `/v1`, AWS's container and process credentials, POSIX.1-2024 section 2.2.2 (quoting).
package struct DeliveryError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What could not be delivered.
    package enum Code: Equatable, Sendable {
        /// What came from the broker is not an answer of its.
        case answer
        /// What came from a job is no report of a trade.
        case report
        /// The form cannot carry the credential.
        case form
        /// Two sources give one variable different values.
        case conflict
        /// The output cannot be masked.
        case mask
    }

    package let code: Code
    /// What was wrong and what to do instead; never a value.
    package let detail: String

    /// Makes an error.
    package init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    package var description: String { detail }
}
