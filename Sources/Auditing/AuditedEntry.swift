package import Crypto
internal import Encoding
package import JSON
package import Ledger
internal import Time

/// An entry with the proof that a checkpoint covers it: all that somebody needs who has the log's verifier key.
package struct AuditedEntry: Sendable {
    package let stored: StoredEntry
    /// From the leaf's neighbour to the root.
    package let proof: [SHA256Digest]
    /// The signed note that it is proved against.
    package let checkpoint: [UInt8]

    init(stored: StoredEntry, proof: [SHA256Digest], checkpoint: [UInt8]) {
        self.stored = stored
        self.proof = proof
        self.checkpoint = checkpoint
    }

    /// Reads a broker's answer about an entry, whose proof is then to be verified.
    ///
    /// - Throws: `AuditError` with code `unproved` where it is no such answer.
    package init(json: JSON, index: UInt64) throws(AuditError) {
        let leaf = json["leaf"]?.asString.flatMap { try? Base64.decode($0) }
        let left = json["entry"]?["leaf_hash"]?.asString.flatMap { try? SHA256Digest(hex: $0) }
        guard let note = json["checkpoint"]?.asString, leaf != nil || left != nil else {
            throw AuditError(
                .unproved,
                "the broker's answer about entry \(index) has neither its bytes nor a checkpoint"
            )
        }
        if let leaf {
            stored = StoredEntry(index: index, bytes: leaf)
        } else if let left {
            let kind = EntryKind(rawValue: json["entry"]?["kind"]?.asString ?? "") ?? .tokenIssued
            let outcome = Outcome(rawValue: json["entry"]?["outcome"]?.asString ?? "") ?? .succeeded
            let time = (try? RFC3339.parse(json["entry"]?["time"]?.asString ?? "")) ?? UnixTime(milliseconds: 0)
            stored = StoredEntry(
                index: index,
                bytes: PrunedLeaf(hash: left, time: time, kind: kind, outcome: outcome).bytes
            )
        } else {
            throw AuditError(.unproved, "entry \(index) has no bytes")
        }
        var proof: [SHA256Digest] = []
        for element in json["proof"]?.asArray ?? [] {
            guard let hash = (try? Base64.decode(element.asString ?? "")).flatMap({ SHA256Digest(bytes: $0) }) else {
                throw AuditError(.unproved, "the proof of entry \(index) is no list of hashes")
            }
            proof.append(hash)
        }
        self.proof = proof
        checkpoint = Array(note.utf8)
    }

    /// The entry as it is read.
    ///
    /// - Throws: `AuditError` with code `unproved` where its bytes are no entry.
    package func view() throws(AuditError) -> EntryView {
        do throws(LedgerError) {
            return try EntryView(stored)
        } catch {
            throw AuditError(error)
        }
    }

    /// Verifies the proof as an outsider does: by the key alone.
    ///
    /// Returns the checkpoint that covers the entry.
    ///
    /// - Throws: `AuditError` with code `unproved`.
    @discardableResult
    package func verify(by key: VerifierKey) throws(AuditError) -> Checkpoint {
        let signed: Checkpoint
        do throws(LedgerError) {
            signed = try Checkpoint(note: checkpoint, verifiedBy: key)
        } catch {
            throw AuditError(.unproved, "\(error)")
        }
        let isProved = MerkleProof.verifyInclusion(
            of: stored.hash,
            at: stored.index,
            size: signed.size,
            path: proof,
            root: signed.root
        )
        guard isProved else {
            throw AuditError(
                .unproved,
                "entry \(stored.index) is not the one that the checkpoint of size \(signed.size) covers; keep the store as evidence"
            )
        }
        return signed
    }

    /// The entry under the names of the contract; `entry` is an error text where its bytes are no entry.
    ///
    /// Of a pruned entry there is the hash of the leaf, which the proof begins with, in place of the leaf.
    package var json: JSON {
        let path = JSON.array(proof.map { .string(Base64.encode($0.bytes)) })
        let note = JSON.string(String(decoding: checkpoint, as: UTF8.self))
        if let left = PrunedLeaf(stored.bytes) {
            return ["entry": left.json(at: stored.index), "proof": path, "checkpoint": note]
        }
        let entry: JSON
        do throws(AuditError) {
            entry = try view().json
        } catch {
            entry = ["index": .integer(Int64(clamping: stored.index)), "error": .string(error.reason)]
        }
        return [
            "entry": entry,
            "leaf": .string(Base64.encode(stored.bytes)),
            "proof": path, "checkpoint": note,
        ]
    }
}
