internal import Claims
internal import Exchange
internal import Ledger
internal import Policy
internal import Runs

/// What the ledger is told at each step of the story.
///
/// A token's own entry is made where the token is signed (Tokens), so that it cannot describe another; these are all others.
extension Entry {
    /// An event of a run, with the claims that its tokens carry.
    init(_ kind: EntryKind, _ outcome: Outcome, of run: Run, trace: String) {
        self.init(kind, outcome, trace: trace)
        self.run = run.id
        principal = run.attestation.principal
        claims = run.attestation.json
    }

    /// A run's registration by a principal.
    static func registered(_ run: Run, from address: String, trace: String) -> Entry {
        var entry = Entry(.runRegistered, .succeeded, of: run, trace: trace)
        entry.claims = run.attestation.stored
        entry.address = address
        entry.expires = run.expires
        return entry
    }

    /// The end of a run, by its orchestrator.
    static func ended(_ run: Run, by principal: String, trace: String) -> Entry {
        var entry = Entry(.runEnded, .succeeded, of: run, trace: trace)
        entry.principal = principal
        return entry
    }

    /// A policy's no: what was asked for, which rule and claim decided, seen and wanted.
    static func refused(_ refusal: Refusal, to run: Run, trace: String) -> Entry {
        let kind: EntryKind =
            switch refusal.asked.kind {
            case .audience: .tokenDenied
            case .target: .exchangeDenied
            case .context: .secretDenied
            }
        var entry = Entry(kind, .denied, of: run, trace: trace)
        switch refusal.asked.kind {
        case .audience: entry.audience = refusal.asked.name
        case .target: entry.target = refusal.asked.name
        case .context: entry.context = refusal.asked.name
        }
        entry.rule = refusal.rule?.description
        entry.reason = refusal.message
        return entry
    }

    /// A trade that gave no credential.
    static func failed(_ failure: ExchangeFailure, at target: String, of run: Run, trace: String) -> Entry {
        var entry = Entry(failure.entryKind, failure.outcome, of: run, trace: trace)
        entry.target = target
        entry.reason = "\(failure.kind.rawValue) after \(failure.attempts) attempt\(failure.attempts == 1 ? "" : "s")"
        entry.cause = failure.description
        return entry
    }
}
