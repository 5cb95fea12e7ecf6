package import Crypto
internal import Encoding
package import Time

/// What is left of an entry whose contents were removed after their retention: its hash, so that every proof over it and over
/// its neighbours still holds, and what a search by time and kind needs.
///
/// Its bytes stand where the entry's stood, and are told apart by the first:
///
/// | bytes | meaning |
/// | --- | --- |
/// | 1 | 0, which no version of an entry's layout is |
/// | 32 | the hash of the entry's canonical bytes, as the tree has it |
/// | 8 | time of recording, as the entry had it |
/// | 2 | kind, as the entry had it |
/// | 1 | outcome, as the entry had it |
///
/// Only the hash is proved. That an entry may be missing is proved by a later one of kind `ledger.pruned`.
package struct PrunedLeaf: Equatable, Sendable {
    package let hash: SHA256Digest
    package let time: UnixTime
    package let kind: EntryKind
    package let outcome: Outcome

    static let marker: UInt8 = 0
    static let length = 44

    /// What is to be left of an entry; nil where its bytes are none, or already pruned.
    package init?(removing bytes: [UInt8]) {
        guard bytes.first == Leaf.version, let header = try? LeafHeader(bytes) else { return nil }
        hash = Merkle.leafHash(bytes)
        time = header.time
        kind = header.kind
        outcome = header.outcome
    }

    /// Makes what is left of an entry from what is known of it.
    package init(hash: SHA256Digest, time: UnixTime, kind: EntryKind, outcome: Outcome) {
        self.hash = hash
        self.time = time
        self.kind = kind
        self.outcome = outcome
    }

    /// Reads what is left of an entry; nil where the bytes are something else, such as an entry.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length, bytes[0] == Self.marker,
            let hash = SHA256Digest(bytes: Array(bytes[1..<33])),
            let time = Int64(exactly: bytes[33..<41].reduce(0) { $0 << 8 | UInt64($1) }),
            let kind = EntryKind(code: UInt16(bytes[41]) << 8 | UInt16(bytes[42])),
            let outcome = Outcome(code: bytes[43])
        else { return nil }
        self.hash = hash
        self.time = UnixTime(milliseconds: time)
        self.kind = kind
        self.outcome = outcome
    }

    /// The bytes that stand where the entry's stood.
    package var bytes: [UInt8] {
        var writer = LayoutWriter(reserving: Self.length)
        writer.uint8(Self.marker)
        writer.fixed(hash.bytes)
        writer.uint64(UInt64(clamping: time.milliseconds))
        writer.uint16(kind.code)
        writer.uint8(outcome.code)
        return writer.bytes
    }
}

extension StoredEntry {
    /// The hash that the tree has for it: of its bytes, or the one that was kept when they were removed.
    package var hash: SHA256Digest { PrunedLeaf(bytes)?.hash ?? Merkle.leafHash(bytes) }

    /// The time of recording; nil where the bytes are no entry.
    package var time: UnixTime? { PrunedLeaf(bytes)?.time ?? (try? LeafHeader(bytes))?.time }
}
