internal import Crypto

/// What a witness knows of one log: the newest checkpoint that it has cosigned, and what it does about an offered one.
///
/// A state machine that does no I/O: who drives it must have the new state on disk before it gives the cosignature out, or the
/// witness could cosign both sides of a fork (C2SP tlog-witness).
package struct WitnessState: Equatable, Sendable {
    /// The log's key.
    package let log: VerifierKey
    /// The newest checkpoint that was cosigned, as the log signed it; nil where there is none yet.
    package private(set) var latest: Checkpoint?

    /// What to do about an offer.
    package enum Answer: Equatable, Sendable {
        /// Store the state, then cosign this text.
        case cosign(text: String)
        /// 409: the log is to begin at this size.
        case stale(size: UInt64)
        /// A refusal with its status of HTTP: 400, 403, 404 or 422.
        case refuse(status: Int, reason: String)
        /// 422, and proof that the log has signed two histories: keep both, and shout.
        case fork(reason: String)
    }

    /// Makes the state of a witness that has cosigned nothing, or this checkpoint last.
    package init(log: VerifierKey, latest: Checkpoint?) {
        self.log = log
        self.latest = latest
    }

    /// Considers an offered checkpoint; the state is changed where it is to be cosigned, and only then.
    package mutating func consider(_ offer: CheckpointOffer) -> Answer {
        let newer: Checkpoint
        let text: String
        do throws(LedgerError) {
            text = try SignedNote(offer.note).text
            let unverified = try Checkpoint(text: text)
            guard unverified.origin == log.name else {
                return .refuse(status: 404, reason: "the log \(unverified.origin) is unknown here")
            }
            do throws(LedgerError) {
                newer = try Checkpoint(note: offer.note, verifiedBy: log)
            } catch {
                return .refuse(status: 403, reason: "\(error)")
            }
        } catch {
            return .refuse(status: 400, reason: "\(error)")
        }
        let known = (size: latest?.size ?? 0, root: latest?.root ?? Merkle.emptyRoot)
        // Whatever the offer says that it goes on from: two signed trees of one size are all the evidence there can be.
        if newer.size == known.size, newer.root != known.root {
            return .fork(
                reason: "two trees of \(newer.size) entries: the root was \(known.root) and is \(newer.root) now"
            )
        }
        guard offer.old <= newer.size else {
            return .refuse(status: 400, reason: "old is \(offer.old), and the checkpoint's size \(newer.size)")
        }
        guard offer.old == known.size else { return .stale(size: known.size) }
        guard
            MerkleProof.verifyConsistency(from: known, to: (newer.size, newer.root), path: offer.proof)
        else {
            return offer.old == 0
                ? .refuse(status: 422, reason: "a proof from nothing has no hashes")
                : .fork(
                    reason: "the tree of \(newer.size) entries does not begin with the \(known.size) that were cosigned"
                )
        }
        latest = newer
        return .cosign(text: text)
    }
}
