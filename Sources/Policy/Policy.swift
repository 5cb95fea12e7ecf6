package import Claims
internal import Text

/// Policy owns the decision: rules of configuration, compiled once into an immutable value, answer a run's claims with a
/// grant or a reasoned refusal.
///
/// What no rule allows is refused. A refusal is an ordinary outcome and is returned, not thrown. Nothing outside this module
/// can make a `Grant` or a `ContextGrant`, so a token without a decision does not compile. It reads no clock, network
/// or file, and uses no regular expressions.
package final class Policy: Sendable {
    private let audiences: [String: TokenRule]
    private let targets: [String: TokenRule]
    private let contexts: [String: RuleList]
    /// Which issuer speaks of which run, and in which form.
    package let voices: Voices

    /// Compiles rules into a policy, which never changes; a reload of the configuration makes another.
    ///
    /// - Throws: `PolicyError` with code `duplicate` where two entries are for one audience.
    package init(_ rules: PolicyRules) throws(PolicyError) {
        var audiences: [String: TokenRule] = [:]
        for rule in rules.audiences where audiences.updateValue(rule, forKey: rule.audience) != nil {
            throw PolicyError(
                .duplicate,
                "audience '\(rule.audience)' has two entries",
                fix: "put the rules of both into one"
            )
        }
        self.audiences = audiences
        targets = rules.targets
        contexts = rules.contexts
        voices = rules.voices
    }

    /// The issuer that speaks of a run, and how it calls the run where audience or target has no subject of its own.
    package func voice(of claims: ClaimSet) -> Voice { voices.voice(of: claims) }

    /// The rules of every entry, by what it is called: `target 'aws-prod'`.
    package var entries: [(name: String, rules: RuleList)] {
        func named(_ kind: AskedFor.Kind, _ lists: [String: RuleList]) -> [(name: String, rules: RuleList)] {
            lists.sorted { $0.key < $1.key }.map { ("\(AskedFor(kind, $0.key))", $0.value) }
        }
        return named(.target, targets.mapValues(\.allow)) + named(.audience, audiences.mapValues(\.allow))
            + named(.context, contexts)
    }

    /// Decides whether a run may have a bare ID token for an audience, for as long as it asks or the audience's own time, that
    /// holds what the job says of itself.
    package func audienceGrant(
        for claims: ClaimSet,
        audience: String,
        saying own: JobClaims = .none,
        lifetime: Duration? = nil
    ) -> Decision<Grant> {
        guard let (name, rule) = audiences.exactEntry(audience) else {
            return .refused(Refusal(unknown: .audience, name: audience, known: audiences.keys.sorted()))
        }
        return rule.decide(
            AskedFor(.audience, name),
            for: claims,
            by: voice(of: claims),
            saying: own,
            lifetime: lifetime
        )
    }

    /// Decides whether a run may have a credential of a target, and so the ID token that buys it.
    package func targetGrant(
        for claims: ClaimSet,
        target: String,
        saying own: JobClaims = .none
    ) -> Decision<Grant> {
        guard let (name, rule) = targets.exactEntry(target) else {
            return .refused(Refusal(unknown: .target, name: target, known: targets.keys.sorted()))
        }
        return rule.decide(AskedFor(.target, name), for: claims, by: voice(of: claims), saying: own, lifetime: nil)
    }

    /// The same decision for a token that says other things to the target's relying party than tokens of its jobs do.
    package func targetGrant(
        for claims: ClaimSet,
        target: String,
        adding added: any AddedClaims
    ) -> Decision<Grant> {
        guard let (name, entry) = targets.exactEntry(target) else {
            return .refused(Refusal(unknown: .target, name: target, known: targets.keys.sorted()))
        }
        var rule = entry
        rule.added = added
        return rule.decide(AskedFor(.target, name), for: claims, by: voice(of: claims), lifetime: nil)
    }

    /// The audiences that have an entry, in the order of their names.
    package var audienceRules: [TokenRule] { audiences.sorted { $0.key < $1.key }.map(\.value) }

    /// Who may have a credential of a target, and what its tokens say; nil where there is no such target.
    package func rule(ofTarget name: String) -> TokenRule? { targets.exactEntry(name)?.value }

    /// Who may read the secrets of a context; nil where it has no rules.
    package func rules(ofContext name: String) -> RuleList? { contexts.exactEntry(name)?.value }

    /// Decides whether a run may read the secrets of a context.
    package func contextGrant(for claims: ClaimSet, context: String) -> Decision<ContextGrant> {
        guard let (name, rules) = contexts.exactEntry(context) else {
            return .refused(Refusal(unknown: .context, name: context, known: contexts.keys.sorted()))
        }
        switch rules.decide(claims) {
        case .matched(let place): return .allowed(ContextGrant(claims: claims, context: name, rule: place))
        case .unmatched(let nearest): return .refused(Refusal(AskedFor(.context, name), nearest: nearest))
        case .overstated(let place, let name, let listed):
            return .refused(Refusal(AskedFor(.context, name), place, says: name, listed: listed))
        }
    }
}

extension Dictionary where Key == String {
    /// The entry of a name, byte for byte: a dictionary alone would also find canonical equivalents of it.
    fileprivate func exactEntry(_ name: String) -> (key: String, value: Value)? {
        guard let index = index(forKey: name), self[index].key.isSameBytes(as: name) else { return nil }
        return self[index]
    }
}
