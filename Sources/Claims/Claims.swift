package import Runs

/// Claims owns what a token says about its run: the run's attested claims as a set, and subjects built from them.
///
/// Everything here is a pure function of a `Run`, or of the attestation that a run would have. It adds nothing to what was attested, signs nothing, and knows no cloud
/// but by the length of the subject that it accepts.
package struct ClaimSet: Equatable, Sendable {
    /// The claims in the order in which tokens carry them.
    package let members: [Claim]
    /// The claims as a JSON object, braces included, written once when the run was registered.
    package let json: [UInt8]
    /// Whether the run's code is a stranger's, so that only rules that name `trust` speak for it.
    package let isUntrusted: Bool
    /// Values of the contract's own names at their index, so that a rule need not search.
    private let standard: [String?]

    /// The claims of a run.
    package init(of run: Run) { self.init(of: run.attestation) }

    /// The claims that a run of an attestation would have.
    package init(of attestation: Attestation) {
        members = attestation.claims
        json = attestation.json
        isUntrusted = attestation.trust == .untrusted
        standard = attestation.standardValues
    }

    /// The first claim of which a condition does not hold, by its name; nil where it holds of all.
    package func firstName(failing condition: (_ name: String, _ value: String) -> Bool) -> String? {
        members.first { !condition($0.name, $0.value) }?.name
    }

    /// The value of a claim, or nil where the run lacks it.
    package subscript(name: ClaimName) -> String? {
        if let index = name.index { return standard[index] }
        return members.first { $0.name == name.text }?.value
    }
}

/// The name of a claim, resolved once so that looking it up later is cheap.
package struct ClaimName: Hashable, Sendable, CustomStringConvertible {
    fileprivate let text: String
    /// The index of one of the contract's own names; nil for a further claim's.
    fileprivate let index: Int?

    /// Makes the name that a token would carry as `text`.
    package init(_ text: String) {
        self.text = text
        index = StandardClaim(rawValue: text)?.index
    }

    /// One of the contract's own names.
    package static func standard(_ name: StandardClaim) -> ClaimName { ClaimName(name.rawValue) }

    /// The claim that says whether a run is a stranger's.
    package static let trust = ClaimName.standard(.trust)

    /// The claim by which issuers and principals are told apart.
    package static let project = ClaimName.standard(.project)

    /// The claims that no run lacks.
    package static let ofEveryRun = [StandardClaim.project, .workflow, .job].map(ClaimName.standard)

    /// The contract's own names, in the order in which tokens carry them.
    package static let standardNames = StandardClaim.allCases.map(\.rawValue)

    /// The name as tokens carry it.
    package var description: String { text }
}
