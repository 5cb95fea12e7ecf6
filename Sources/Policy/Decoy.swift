package import Claims
package import Crypto

/// A token that is wrong on purpose, to see a target refuse it; made by a policy alone, and only of what the policy refuses.
///
/// It is no `Grant`: no run can have it, and what is signed of it says in a claim of its own that it is a decoy.
package struct Decoy: Sendable {
    /// What is wrong with it; everything else is as a good token of the target has it.
    package enum Fault: String, CaseIterable, Sendable {
        /// Another project's run.
        case otherProject = "other-project"
        /// A stranger's run: `trust: untrusted`, by the second issuer.
        case fork
        /// A run on another branch.
        case otherBranch = "other-branch"
        /// A good run's token that is made out to somebody else.
        case otherAudience = "other-audience"
        /// A good run's token whose time is over.
        case expired
        /// A good run's token that is pinned to another role.
        case otherRole = "other-role"

        /// Whether the claims themselves are such that the policy refuses them.
        var isOfClaims: Bool { [.otherProject, .fork, .otherBranch].contains(self) }
    }

    /// Why a target cannot be tried with a fault.
    package struct Unsuited: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String

        /// Says why.
        package init(_ reason: String) { description = reason }
    }

    /// The audience of a token that is made out to somebody else.
    package static let foreignAudience = "https://jobpass-probe.invalid"
    /// The claim that marks a decoy; no orchestrator can attest it.
    package static let mark = "jobpass_probe"

    package let fault: Fault
    package let target: String
    package let claims: ClaimSet
    /// The issuer that speaks; nil for the broker's own.
    package let issuer: String?
    package let subject: String
    package let audience: String
    package let algorithm: SignatureAlgorithm
    package let lifetime: Duration
    /// How long ago it says that it was issued.
    package let age: Duration
    /// Claims that the relying party reads besides the run's.
    package let added: [UInt8]
}

extension Policy {
    /// A decoy for a target of the claims that a run would have: wrong ones for a fault of claims, else good ones.
    ///
    /// `pinnedElsewhere` are the claims that pin the token to another role, where the target's type has such.
    ///
    /// - Throws: `Decoy.Unsuited` where the target's own rules would allow it, so that a cloud that does too is right.
    package func decoy(
        _ fault: Decoy.Fault,
        of claims: ClaimSet,
        for target: String,
        pinnedElsewhere: (any AddedClaims)?
    ) throws(Decoy.Unsuited) -> Decoy {
        guard let rule = rule(ofTarget: target) else { throw Decoy.Unsuited("there is no target '\(target)'") }
        switch rule.allow.decide(claims) {
        case .matched(let place) where fault.isOfClaims:
            throw Decoy.Unsuited("the target's own \(place) allows it")
        case .unmatched where !fault.isOfClaims:
            throw Decoy.Unsuited("no good run of the target is known to begin with")
        default: break
        }
        var adding = rule.added
        if fault == .otherRole {
            guard let pinnedElsewhere else { throw Decoy.Unsuited("its tokens are pinned to no role") }
            adding = pinnedElsewhere
        }
        let voice = voice(of: claims)
        guard !voice.isShut else { throw Decoy.Unsuited("its issuer '\(voice.issuer ?? "")' is shut") }
        let subject: String
        let added: [UInt8]
        do {
            subject = try (rule.subject ?? voice.subject).subject(of: claims, limit: rule.subjectLimit).text
            added = try adding?.claims(of: claims) ?? []
        } catch {
            throw Decoy.Unsuited("it has no token of this shape: \(error)")
        }
        return Decoy(
            fault: fault,
            target: target,
            claims: claims,
            issuer: voice.issuer,
            subject: subject,
            audience: fault == .otherAudience ? Decoy.foreignAudience : rule.audience,
            algorithm: rule.algorithm,
            lifetime: .seconds(60),
            // Longer ago than any relying party's leeway.
            age: fault == .expired ? .seconds(3_600) : .zero,
            added: added
        )
    }
}
