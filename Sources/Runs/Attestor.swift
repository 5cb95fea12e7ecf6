package import Text

/// A principal with the role orchestrator, as far as it concerns what it may attest.
package struct Attestor: Sendable {
    /// The name under which configuration knows it and the ledger records it.
    package let name: String
    /// Patterns of the projects whose runs it may attest; a run whose project matches none is refused.
    package let projects: [Pattern]
    /// Names of the further claims that it may attest.
    package let claims: Set<String>

    /// Makes an attestor of a principal's rule.
    package init(name: String, projects: [Pattern], claims: Set<String>) {
        self.name = name
        self.projects = projects
        self.claims = claims
    }
}
