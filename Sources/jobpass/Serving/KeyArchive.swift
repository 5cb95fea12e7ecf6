internal import Auditing
internal import Broker
internal import Crypto
internal import Encoding
internal import JSON
internal import Ledger
internal import Tokens

/// The archive of every public key that has ever signed here: entries of the ledger itself, so that their times are proved.
///
/// A token is checked by them long after its key has left the JWK Set: `jobpass audit show --token`.
enum KeyArchive {
    /// Records the keys of all issuers that the ledger does not have yet, before they sign anything.
    static func record(_ standing: Standing, in ledger: Ledger, _ log: AuditLog) async throws {
        let trace = Hex.encode(Entropy.bytes(16))
        for issuer in standing.issuers.all {
            for key in issuer.keys.all where try !isRecorded(key.kid, in: log) {
                var entry = Entry(.keyChanged, .succeeded, trace: trace)
                entry.issuer = issuer.url.text
                entry.kid = key.kid
                entry.claims = JSON.object(["jwk": key.jwk.json]).serialized()
                entry.reason = "in use from now on"
                _ = try await ledger.record(entry)
            }
        }
    }

    /// Whether an entry has the key; where the index has not come to it yet, the key is recorded once more, which harms nothing.
    private static func isRecorded(_ kid: String, in log: AuditLog) throws(AuditError) -> Bool {
        var query = AuditQuery()
        query.kind = .keyChanged
        query.kid = kid
        query.limit = 10
        return try log.entries(matching: query).records.contains { record in
            guard case .entry(let view) = record else { return false }
            return view.claims?["jwk"] != nil
        }
    }
}
