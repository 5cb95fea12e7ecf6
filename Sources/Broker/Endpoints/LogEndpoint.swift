internal import Auditing
internal import Configuration
internal import HTTP
internal import JSON
internal import Ledger
internal import Locks
internal import Tokens

/// `GET /log/…`: the ledger's signed tree head, the hashes under it, and the key that verifies it; public, but for the
/// entries themselves.
extension Broker {
    /// The newest checkpoint, which covers every entry that anyone has been told of.
    func checkpoint() async -> HTTPResponse {
        await lookAgain()
        return .text(200, publishedCheckpoint)
    }

    /// Sees to it that what is published covers what other brokers of the same store have told anyone of.
    ///
    /// Where the store cannot be read just now, what was published last is still true.
    private func lookAgain() async { if sharesLedger { await ledger.refreshTogether() } }

    /// The newest checkpoint that a witness has cosigned, which may be a moment behind.
    func witnessedCheckpoint() throws(Problem) -> HTTPResponse {
        guard let note = witnessed.withLock({ $0.note }) else {
            throw Problem(.notFound, "No witness has cosigned a checkpoint: see ledger.witnesses.")
        }
        return .text(200, note.bytes)
    }

    /// The verifier key, as C2SP's signed-note writes it.
    func logKey() -> HTTPResponse { .text(200, Array("\(ledger.verifier)\n".utf8)) }

    /// What the log is called, which key signs it, and where it is read.
    func logDescription() -> HTTPResponse {
        let base = now.trusted.url.text
        return .json(
            200,
            [
                "origin": .string("\(ledger.verifier.name)"), "key": .string("\(ledger.verifier)"),
                "checkpoint": .string("\(base)/log/checkpoint"), "witnessed": .string("\(base)/log/witnessed"),
                "tiles": .string("\(base)/log/tile/"),
                "entries": .string("\(base)/v1/audit/entries"), "tree": "RFC 9162, SHA-256",
                "format": "C2SP tlog-tiles",
            ]
        )
    }

    /// A tile of hashes, for anyone, or a bundle of entries, for auditors.
    func tile(_ call: Call) async throws(Problem) -> HTTPResponse {
        guard let path = TilePath(segments: call.parameters) else {
            throw Problem(.notFound, "This is no path of a tile; see C2SP tlog-tiles.")
        }
        if path.content == .entries {
            let auditor = try await auditor(of: call)
            guard auditor.projects == nil else {
                throw try await denied(auditor, "read entries of all projects: its projects are some", call)
            }
        }
        if path.number << 8 >= publishedSize >> 8 { await lookAgain() }
        let size = publishedSize
        // What is asked of the store by strangers goes through one door, however many they are.
        let caller = path.content == .entries ? call.request.peer.address : "tiles \(call.request.peer.address)"
        let bytes = try await admit(caller) { () async throws(Problem) in
            try await audit { log throws(AuditError) in try log.content(at: path, under: size) }
        }
        let age = path.content == .entries ? "private, no-store" : "public, max-age=31536000, immutable"
        return HTTPResponse(
            status: 200,
            fields: ["Content-Type": "application/octet-stream", "Cache-Control": age],
            body: bytes
        )
    }

    /// How many entries the published checkpoint covers: its second line (C2SP tlog-checkpoint).
    var publishedSize: UInt64 { Self.size(of: ledger.checkpoint) }

    /// How many entries a checkpoint covers.
    static func size(of checkpoint: [UInt8]) -> UInt64 {
        let lines = String(decoding: checkpoint, as: UTF8.self).split(separator: "\n", maxSplits: 2)
        return lines.count > 1 ? UInt64(lines[1]) ?? 0 : 0
    }
}
