internal import Auditing
internal import Encoding
internal import HTTP
internal import JSON
internal import Ledger

/// A broker's answer about an entry, once its proof is verified.
struct ProvedEntry: Sendable {
    let answer: JSON
    let checkpoint: Checkpoint
    let hasTrustedKey: Bool

    init(_ index: UInt64, _ known: VerifierKey?, by broker: borrowing BrokerClient) async throws(CommandError) {
        answer = try await broker.call(.get, ["v1", "audit", "entries", "\(index)"])
        hasTrustedKey = known != nil
        let key: VerifierKey
        if let known {
            key = known
        } else {
            let text = try await broker.answer(.get, ["log", "key"])
            do throws(LedgerError) { key = try VerifierKey(trimmed: text) } catch {
                throw CommandError(.badData, "the ledger's key cannot be read: \(error)")
            }
        }
        do throws(AuditError) {
            let entry = try AuditedEntry(json: answer, index: index)
            checkpoint = try entry.verify(by: key)
            // What is shown must be what the proved bytes say, whatever stands beside them.
            let isPruned = PrunedLeaf(entry.stored.bytes) != nil
            guard isPruned ? true : try entry.view().json == answer["entry"] else {
                throw AuditError(.unproved, "entry \(index) says something else than its bytes")
            }
        } catch {
            throw CommandError(.badData, "not proved: \(error)", advice: "keep what the broker answered as evidence")
        }
    }

    /// The public key by which the token of this entry was signed, as the ledger has archived and proves it.
    func archivedKey(
        of token: String,
        _ known: VerifierKey?,
        by broker: borrowing BrokerClient
    ) async throws(CommandError) -> JSON {
        guard let kid = answer["entry"]?["kid"]?.asString else {
            throw CommandError(.badData, "the entry names no key")
        }
        let form = Form([.init("kind", "key.changed"), .init("kid", kid), .init("limit", "100")])
        let found = try await broker.call(.get, ["v1", "audit", "entries"], query: form)
        let archived = found["entries"]?.asArray?.last { $0["claims"]?["jwk"] != nil }
        guard let index = archived?["index"]?.asInteger else {
            throw CommandError(.badData, "the ledger has no archived key \(kid)")
        }
        let proved = try await ProvedEntry(UInt64(clamping: index), known, by: broker)
        return proved.answer["entry"]?["claims"]?["jwk"] ?? .null
    }
}
