/// Runs owns a job run's registration and life: what an orchestrator may attest, registered → active → ended or expired,
/// and the request token that speaks for the run in between.
///
/// An `Attestation` is made only from a `RunRequest` that its `Attestor`'s rule allows, a `Run` only by the registry from
/// an `Attestation`. It never decides what a run may have (Policy does), never sees a socket, and keeps of a request token
/// nothing but its SHA-256.
package struct RunError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure it was.
    package enum Code: Equatable, Sendable {
        /// The store could not be read or written; nothing was registered or ended.
        case storage
        /// As many runs are active as the limits allow.
        case capacity
        /// A stored run does not read back as one.
        case damaged
    }

    package let code: Code
    /// What happened, for the log.
    package let reason: String

    /// Makes an error.
    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    package var description: String { reason }
}
