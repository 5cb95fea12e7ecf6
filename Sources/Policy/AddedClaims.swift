package import Claims

/// Claims that one relying party reads besides those that every token has, made for each run of a target.
///
/// They stand in the token beside the run's own, under names that no orchestrator may attest.
package protocol AddedClaims: Sendable {
    /// The claims for a run, as a JSON object with its braces; empty where there are none.
    ///
    /// - Throws: `AddedClaimError` where the run has a value that the relying party does not take.
    func claims(of run: ClaimSet) throws(AddedClaimError) -> [UInt8]
}

/// A value of a run that a relying party does not take.
package struct AddedClaimError: Error, Equatable, Sendable {
    /// The claim of the run.
    package let claim: String
    /// Its value; nil where the run has none.
    package let seen: String?
    package let wanted: String

    /// Makes an error.
    package init(claim: String, seen: String?, wanted: String) {
        self.claim = claim
        self.seen = seen
        self.wanted = wanted
    }
}
