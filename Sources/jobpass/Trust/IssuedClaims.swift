internal import Auditing
internal import EventLoop
internal import JSON
internal import Ledger
internal import Time

/// What the ledger holds of the past, the newest first.
enum IssuedClaims {
    /// Whether to go on to older entries.
    enum Step {
        case goOn
        case stop
    }

    /// Shows each entry that can be read, from the newest on, until told to stop.
    ///
    /// - Throws: what reading the ledger throws.
    static func walk(_ source: LedgerSource, _ take: (EntryView) throws -> Step) async throws {
        let size = try Checkpoint(text: try SignedNote(try await source.checkpoint()).text).size
        guard size > 0 else { return }
        var number = (size - 1) >> 8
        while true {
            for stored in try await source.entries(number, under: size).reversed() {
                // What was pruned or cannot be read says nothing of a token.
                guard let view = try? EntryView(stored) else { continue }
                if try take(view) == .stop { return }
            }
            guard number > 0 else { return }
            number -= 1
        }
    }

    /// The newest token of each audience that a run was given.
    static func tokens(ofRun id: String, _ source: LedgerSource) async throws -> [JSONObject] {
        var tokens: [JSONObject] = []
        var audiences: Set<String> = []
        try await walk(source) { view in
            guard view.leaf.entry.run == id else { return .goOn }
            if view.leaf.entry.kind == .runRegistered { return .stop }
            if view.leaf.entry.kind == .tokenIssued, let claims = view.claims,
                audiences.insert(claims["aud"]?.text ?? "").inserted
            {
                tokens.append(claims)
            }
            return .goOn
        }
        return tokens
    }
}
