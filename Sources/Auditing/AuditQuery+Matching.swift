internal import Crypto
internal import JSON
internal import Ledger
internal import Text
internal import Time

extension AuditQuery {
    /// Whether an entry may match, by what is known of it before it is parsed.
    func mayMatch(_ header: LeafHeader) -> Bool {
        matches(kind, header.kind) && matches(outcome, header.outcome) && header.time >= since ?? header.time
            && until.map { header.time < $0 } ?? true
    }

    /// Whether what is left of a pruned entry matches: only what asks for nothing that was removed does.
    func matches(_ left: PrunedLeaf) -> Bool {
        let keys = keys.filter { $0.field != .kind && $0.field != .outcome }
        return keys.isEmpty && projects == nil && matches(kind, left.kind) && matches(outcome, left.outcome)
            && left.time >= since ?? left.time && until.map { left.time < $0 } ?? true
    }

    /// Whether an entry that may match does.
    func matches(_ view: EntryView) -> Bool {
        let entry = view.leaf.entry
        return matches(trace, entry.trace) && matches(run, entry.run) && matches(principal, entry.principal)
            && (matches(audience, entry.audience) || matches(audience, view.claims?["aud"]?.asString))
            && matches(jti, entry.jti) && matches(tokenSHA256, entry.tokenSHA256) && matches(target, entry.target)
            && matches(context, entry.context) && matches(secret, entry.secret) && matches(kid, entry.kid)
            && matches(credential, entry.credential) && matches(session, entry.session)
            && claims.allSatisfy { name, value in matches(value, view.claims?[name]?.asString) }
            && mayShow(view)
    }

    /// Whether an entry is of a project that may be seen.
    package func mayShow(_ view: EntryView) -> Bool {
        guard let projects else { return true }
        let project = view.claims?["project"]?.asString ?? ""
        return projects.contains { $0.matches(project) }
    }

    /// The keys by which an index finds all entries that match, and perhaps others.
    var keys: [IndexKey] {
        var keys: [IndexKey] = []
        if let kind { keys.append(IndexKey(.kind, [UInt8(truncatingIfNeeded: kind.code)])) }
        if let outcome { keys.append(IndexKey(.outcome, [outcome.code])) }
        let texts: [(IndexedField, String?)] = [
            (.trace, trace), (.run, run), (.principal, principal), (.audience, audience), (.jti, jti),
            (.target, target),
            (.context, context), (.secret, secret), (.kid, kid), (.credential, credential), (.session, session),
        ]
        for case (let field, let text?) in texts { keys.append(IndexKey(field, text.utf8)) }
        if let tokenSHA256 { keys.append(IndexKey(.tokenSHA256, tokenSHA256.bytes)) }
        for (name, value) in claims {
            if let field = IndexedField(claim: name.utf8) { keys.append(IndexKey(field, value.utf8)) }
        }
        return keys
    }

    private func matches<Value: Equatable>(_ wanted: Value?, _ seen: Value?) -> Bool { wanted == nil || wanted == seen }
}
