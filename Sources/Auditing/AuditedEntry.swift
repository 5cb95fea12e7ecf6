package import Crypto
internal import Encoding
package import JSON
package import Ledger

/// An entry with the proof that a checkpoint covers it: all that somebody needs who has the log's verifier key.
package struct AuditedEntry: Sendable {
    package let stored: StoredEntry
    /// From the leaf's neighbour to the root.
    package let proof: [SHA256Digest]
    /// The signed note that it is proved against.
    package let checkpoint: [UInt8]

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
            of: Merkle.leafHash(stored.bytes),
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
    package var json: JSON {
        let entry: JSON
        do throws(AuditError) {
            entry = try view().json
        } catch {
            entry = ["index": .integer(Int64(clamping: stored.index)), "error": .string(error.reason)]
        }
        return [
            "entry": entry,
            "leaf": .string(Base64.encode(stored.bytes)),
            "proof": .array(proof.map { .string(Base64.encode($0.bytes)) }),
            "checkpoint": .string(String(decoding: checkpoint, as: UTF8.self)),
        ]
    }
}
