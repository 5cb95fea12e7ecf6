package import Ledger
internal import Locks

/// What witnesses have cosigned, kept and served beside the newest checkpoint.
struct Witnessed: Sendable {
    /// The newest checkpoint that any witness has cosigned, with all cosignatures on it.
    private(set) var note: SignedNote?

    /// Keeps a cosignature; of an older checkpoint than the newest cosigned one it is of no use any more.
    mutating func add(_ signature: SignedNote.Signature, on bytes: [UInt8]) {
        guard let signed = try? SignedNote(bytes), let new = try? Checkpoint(text: signed.text) else { return }
        let present = note.flatMap { try? Checkpoint(text: $0.text) }
        if let note, note.text == signed.text {
            let others = note.signatures.filter { $0.name != signature.name || $0.keyID != signature.keyID }
            self.note = SignedNote(text: note.text, signatures: others + [signature])
        } else if present.map({ $0.size < new.size }) ?? true {
            note = SignedNote(text: signed.text, signatures: signed.signatures + [signature])
        }
    }
}

extension Broker {
    /// The newest checkpoint, which covers every entry that anyone has been told of.
    package var latestCheckpoint: [UInt8] { ledger.checkpoint }

    /// Keeps a witness's verified cosignature.
    package func keep(_ signature: SignedNote.Signature, on checkpoint: [UInt8]) {
        let kept = witnessed.withLock { witnessed in
            witnessed.add(signature, on: checkpoint)
            return witnessed.note
        }
        if let kept { keepWitnessed(kept.bytes) }
    }

    /// The newest checkpoint with its cosignatures where it has any.
    var publishedCheckpoint: [UInt8] {
        let newest = ledger.checkpoint
        guard let note = witnessed.withLock({ $0.note }), newest.starts(with: note.text.utf8),
            newest.dropFirst(note.text.utf8.count).first == 0x0A
        else { return newest }
        return note.bytes
    }
}
