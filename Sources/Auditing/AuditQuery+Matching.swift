internal import Crypto
internal import JSON
internal import Ledger
internal import Time

extension AuditQuery {
    /// Whether an entry may match, by what is known of it before it is parsed.
    func mayMatch(_ header: LeafHeader) -> Bool {
        matches(kind, header.kind) && matches(outcome, header.outcome) && header.time >= since ?? header.time
            && until.map { header.time < $0 } ?? true
    }

    /// Whether an entry that may match does.
    func matches(_ view: EntryView) -> Bool {
        let entry = view.leaf.entry
        return matches(trace, entry.trace) && matches(run, entry.run) && matches(principal, entry.principal)
            && (matches(audience, entry.audience) || matches(audience, view.claims?["aud"]?.asString))
            && matches(jti, entry.jti) && matches(tokenSHA256, entry.tokenSHA256) && matches(target, entry.target)
            && matches(context, entry.context) && matches(secret, entry.secret)
            && claims.allSatisfy { name, value in matches(value, view.claims?[name]?.asString) }
    }

    private func matches<Value: Equatable>(_ wanted: Value?, _ seen: Value?) -> Bool { wanted == nil || wanted == seen }
}
