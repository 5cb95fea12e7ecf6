internal import Auditing
internal import Claims
package import Exchange
internal import JSON
internal import Ledger
internal import Policy
package import Runs
internal import Text

extension Broker {
    /// A run that a target's rules allow: the last one that traded there, else one that is made up.
    ///
    /// - Throws: `Problem` where there is none, or the ledger cannot be read.
    package func goodRun(for target: Target) async throws(Problem) -> RunRequest {
        try await ProbeModel(of: target, in: self).request
    }
}

/// The good run that decoys are made of: the last one that traded at the target, else one that its first rule allows.
struct ProbeModel: Sendable {
    /// The claims of the good run.
    let good: ClaimSet
    let request: RunRequest

    /// The project and branch of decoys; nobody has them.
    static let project = "jobpass-probe/other-project"
    static let branch = "refs/heads/jobpass-probe"

    /// How many of a target's entries are looked through for a run of today's rules.
    private static let remembered = 20

    /// Looks for a good run in the ledger, and makes one up where there is none.
    init(of target: Target, in broker: Broker) async throws(Problem) {
        var query = AuditQuery()
        query.kind = .exchangeSucceeded
        query.target = target.name
        let policy = broker.now.policy
        for view in try await broker.recall(query, upTo: Self.remembered) {
            let members = view.claims?.members.compactMap { member in
                member.value.asString.map { (name: member.name, value: $0) }
            }
            guard let members, let model = try? Self(members) else { continue }
            if case .allowed = policy.targetGrant(for: model.good, target: target.name) {
                self = model
                return
            }
        }
        let rules = policy.rule(ofTarget: target.name)?.allow.rules ?? []
        for rule in rules {
            guard let model = try? Self(rule.example()) else { continue }
            self = model
            return
        }
        throw Problem(.conflict, "No run is known that target '\(target.name)' allows, and none can be made up.")
    }

    private init(_ members: [(name: String, value: String)]) throws(AttestationError) {
        var values: [StandardClaim: String] = [:]
        var further: [Claim] = []
        for (name, value) in members {
            if let standard = StandardClaim(rawValue: name) {
                values[standard] = value
            } else if ReservedClaims.reason(for: name) == nil {
                further.append(Claim(name, value))
            }
        }
        let trust = values.removeValue(forKey: .trust).flatMap(Trust.init(rawValue:)) ?? .trusted
        request = RunRequest(values, trust: trust, further: further)
        good = try Self.claims(of: request)
    }

    /// The claims of a decoy with a fault: all of the good run's but those that are wrong.
    func claims(for fault: Decoy.Fault) throws(Decoy.Unsuited) -> ClaimSet {
        var request = request
        switch fault {
        case .otherAudience, .expired, .otherRole: return good
        case .fork: request.trust = .untrusted
        case .otherBranch:
            guard request.values[.ref] != nil else { throw Decoy.Unsuited("its runs have no ref") }
            request.values[.ref] = Self.branch
            if request.values[.refType] != nil { request.values[.refType] = "branch" }
        case .otherProject:
            request.values[.project] = Self.project
            for id in [StandardClaim.projectID, .workflowID] where request.values[id] != nil {
                request.values[id] = "0"
            }
            if request.values[.repository] != nil {
                request.values[.repository] = "https://jobpass-probe.invalid/other"
            }
        }
        do throws(AttestationError) { return try Self.claims(of: request) } catch {
            throw Decoy.Unsuited("no run can be such: \(error)")
        }
    }

    private static func claims(of request: RunRequest) throws(AttestationError) -> ClaimSet {
        let attestor = Attestor(
            name: "probe",
            projects: [.anything],
            claims: Set(request.further.map(\.name))
        )
        return ClaimSet(of: try Attestation(request, by: attestor, limits: .standard))
    }
}

/// Through what a decoy came in, as far as its fault and the target's type tell it.
struct Loophole: Equatable, Sendable {
    /// Which condition is missing, or too wide.
    let condition: String
    let fix: String

    init(_ decoy: Decoy, _ good: ClaimSet, _ target: Target) {
        let (claim, seen, wanted) = Self.difference(decoy, good)
        condition =
            "\(Self.holder(of: target)) \(Self.words(decoy.fault, target, claim)): "
            + "it took \(claim) '\(seen)' where only '\(wanted)' is meant (sub '\(decoy.subject)')"
        fix =
            Self.fix(decoy.fault, target, claim: claim, wanted: wanted)
            + "; the whole of it: jobpass trust generate \(target.name)"
    }

    /// The claim that is wrong, its value, and the good one.
    private static func difference(_ decoy: Decoy, _ good: ClaimSet) -> (claim: String, seen: String, wanted: String) {
        switch decoy.fault {
        case .otherProject: ("project", ProbeModel.project, good[.standard(.project)] ?? "")
        case .otherBranch: ("ref", ProbeModel.branch, good[.standard(.ref)] ?? "")
        case .fork: ("trust", "untrusted", good[.trust] ?? "trusted")
        case .otherAudience: ("aud", Decoy.foreignAudience, "the target's audience")
        case .expired: ("exp", "an hour ago", "a time to come")
        case .otherRole: ("https://aws.amazon.com/roles", "another role", "the target's role")
        }
    }

    /// What holds the conditions.
    private static func holder(of target: Target) -> String {
        switch target.service {
        case .aws(let aws): "the trust policy of \(aws.role)"
        case .gcp(let gcp): "the attribute condition of \(gcp.provider)"
        case .azure(let azure): "a federated credential of the application \(azure.clientID)"
        case .vault(let vault): "the role '\(vault.role)' at auth/\(vault.mount)"
        case .tokenExchange(let exchange): "the trust of \(exchange.endpoint.url)"
        case .recipe(let recipe): "the trust of \(recipe.recipe.name)"
        case .none: "the target"
        }
    }

    private static func words(_ fault: Decoy.Fault, _ target: Target, _ claim: String) -> String {
        switch fault {
        case .otherProject, .otherBranch:
            if case .aws = target.service { return "has a condition on sub that is too wide for \(claim)" }
            return "does not compare \(claim)"
        case .fork: return "trusts the issuer of untrusted runs"
        case .otherAudience: return "does not compare aud"
        case .expired: return "does not look at exp"
        case .otherRole: return "does not hold the token to the role that it is pinned to"
        }
    }

    private static func fix(_ fault: Decoy.Fault, _ target: Target, claim: String, wanted: String) -> String {
        switch (fault, target.service) {
        case (.otherProject, .vault), (.otherBranch, .vault): "add \(claim)=\(wanted) to the role's bound_claims"
        case (.otherProject, .gcp), (.otherBranch, .gcp): "add assertion.\(claim) == '\(wanted)' to the condition"
        case (.otherProject, .aws), (.otherBranch, .aws): "write \(claim):\(wanted) out in the condition on sub"
        case (.fork, _): "trust the issuer without /untrusted alone, in a provider or mount of its own"
        case (.otherAudience, .vault): "set the role's bound_audiences"
        case (.otherAudience, _): "compare aud with the target's audience alone"
        case (.expired, _): "see why the service does not check exp: no setting of ours allows that"
        case (.otherRole, _): "demand sts:RoleAuthorizedByIdp in the trust policy"
        default: "compare \(claim) with '\(wanted)'"
        }
    }
}
