internal import Crypto
internal import Encoding
package import JSON
package import Ledger
internal import Time

/// An entry as an auditor reads it.
package struct EntryView: Sendable {
    package let index: UInt64
    package let leaf: Leaf
    /// The claims that it records; nil where it has none.
    package let claims: JSONObject?

    /// Reads an entry as it is stored.
    ///
    /// - Throws: `LedgerError` with code `malformedEntry`, also where the claims are no JSON object.
    package init(_ stored: StoredEntry) throws(LedgerError) {
        index = stored.index
        leaf = try Leaf(bytes: stored.bytes)
        guard let text = leaf.entry.claims else {
            claims = nil
            return
        }
        guard let object = (try? JSON.parse(text))?.asObject else {
            throw LedgerError(
                .malformedEntry,
                index: stored.index,
                seen: "claims that are no JSON object",
                wanted: "the claims of a token",
                remedy: "see its bytes in 'leaf'"
            )
        }
        claims = object
    }

    /// The entry under the names of the contract: what applies to it, and nothing else.
    package var json: JSON {
        let entry = leaf.entry
        var object: JSONObject = [
            "index": .integer(Int64(clamping: index)),
            "time": .string(RFC3339.format(leaf.time)),
            "kind": .string(entry.kind.rawValue),
            "outcome": .string(entry.outcome.rawValue),
            "trace": .string(entry.trace),
        ]
        let texts = [
            ("run", entry.run), ("principal", entry.principal), ("address", entry.address), ("issuer", entry.issuer),
            ("kid", entry.kid), ("audience", entry.audience), ("jti", entry.jti),
            ("expires_at", entry.expires.map(RFC3339.format)), ("token_sha256", entry.tokenSHA256?.hex),
            ("target", entry.target), ("context", entry.context), ("secret", entry.secret),
            ("credential", entry.credential), ("session", entry.session), ("rule", entry.rule),
            ("reason", entry.reason),
            ("cause", entry.cause),
        ]
        for case (let name, let text?) in texts { object[name] = .string(text) }
        if let version = entry.version { object["version"] = .integer(Int64(clamping: version)) }
        if let covered = entry.covered { object["covered"] = .integer(Int64(clamping: covered)) }
        if let claims { object["claims"] = .object(claims) }
        return .object(object)
    }
}
