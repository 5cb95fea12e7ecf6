/// The names under which the contract knows a run, in the order in which tokens carry them.
package enum StandardClaim: String, CaseIterable, Sendable {
    case project
    case projectID = "project_id"
    case workflow
    case workflowID = "workflow_id"
    case job
    case runID = "run_id"
    case attempt
    case ref
    case refType = "ref_type"
    case sha
    case event
    case environment
    case actor
    case runner
    case repository
    case trust

    /// The names that every run has.
    package static let required: [StandardClaim] = [.project, .workflow, .job]

    /// The position in the contract's order, for tables indexed by it.
    package var index: Int { Self.positions[self] ?? 0 }
    private static let positions = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}

/// Whether a run's code is the project's own, or a stranger's (a fork's run).
package enum Trust: String, CaseIterable, Sendable {
    case trusted
    case untrusted
}

/// Names of token members that no orchestrator can give a value.
package enum ReservedClaims {
    /// What reserves a name, for the refusal; nil where an orchestrator whose rule lists the name may attest it.
    package static func reason(for name: String) -> String? {
        if StandardClaim(rawValue: name) != nil { return "it is a member of the run itself" }
        if registered.contains(name) { return "RFC 7519 registers it for the issuer's own use" }
        if protocolClaims.contains(name) { return "OpenID Connect and OAuth give it a meaning" }
        if name == "job_claims" { return "it holds what a job chose for itself" }
        if name.hasPrefix("jobpass_") { return "names that begin with jobpass_ are Jobpass's own" }
        if name.hasPrefix("https://aws.amazon.com/") { return "AWS reads session tags and roles from it" }
        return nil
    }

    /// RFC 7519, section 4.1.
    private static let registered: Set<String> = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]

    /// OpenID Connect Core, section 2; RFC 7800, section 3.1; RFC 8693, section 4: a relying party may act on them.
    private static let protocolClaims: Set<String> = [
        "acr", "act", "amr", "at_hash", "auth_time", "azp", "c_hash", "client_id", "cnf", "may_act", "nonce", "scope",
        "sid",
    ]
}
