/// Something that nobody may have before its entry is durable: a token's text, a credential, a secret's value.
///
/// The contents cannot be read or taken out here. The ledger's `record` uses the seal up and is the only way to them, so
/// that what leaves the broker is in the ledger: the compiler keeps the first promise of the contract, not care.
package struct Sealed<Contents: ~Copyable & Sendable>: ~Copyable, Sendable {
    private let contents: Contents
    /// What will be recorded.
    package let entry: Entry

    /// Seals something up until an entry is durable.
    package init(_ contents: consuming Contents, recordedAs entry: Entry) {
        self.contents = contents
        self.entry = entry
    }

    fileprivate consuming func open(_ receipt: Receipt) -> Released<Contents> {
        Released(contents: contents, receipt: receipt)
    }
}

/// What was sealed, once its entry is durable.
package struct Released<Contents: ~Copyable & Sendable>: ~Copyable, Sendable {
    private let contents: Contents
    /// Where it is recorded.
    package let receipt: Receipt

    fileprivate init(contents: consuming Contents, receipt: Receipt) {
        self.contents = contents
        self.receipt = receipt
    }

    /// Takes the contents out.
    package consuming func take() -> Contents { contents }
}

/// The proof that an entry is durable and that the public checkpoint covers it; the ledger alone makes one.
package struct Receipt: Equatable, Sendable {
    /// The entry's index.
    package let index: UInt64
    /// What the ledger's `CommitMark` said once the entry was durable; 0 where it has none.
    package let mark: Int64
}

/// Something beside the ledger whose state has to be known at a moment when an entry was durable already.
///
/// Whoever changes it and then reads the ledger finds every entry whose receipt has the mark of before.
package protocol CommitMark: Sendable {
    /// How often it has changed; asked once for each commit, after it, on the ledger's thread.
    ///
    /// - Throws: `LedgerError` with code `storage`; the entries stay, and what they cover is not released.
    func mark() throws(LedgerError) -> Int64
}

extension Ledger {
    /// Records what was sealed, and releases it.
    ///
    /// - Throws: `LedgerError`; the contents are then gone, and nobody has had them.
    package func record<Contents: ~Copyable & Sendable>(
        _ sealed: consuming Sealed<Contents>
    ) async throws(LedgerError) -> Released<Contents> {
        let receipt = try await record(sealed.entry)
        return sealed.open(receipt)
    }
}
