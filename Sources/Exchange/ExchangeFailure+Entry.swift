package import Ledger

extension ExchangeFailure {
    /// The kind of the entry that records it: a no of the cloud's, or no answer that counts as one.
    package var entryKind: EntryKind {
        switch kind {
        case .refused, .misconfigured: .exchangeRefused
        case .outage, .brokenAnswer, .cancelled: .exchangeFailed
        }
    }

    /// The outcome in that entry.
    package var outcome: Outcome { entryKind == .exchangeRefused ? .refused : .failed }
}
