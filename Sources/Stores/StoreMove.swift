package import Ledger
internal import POSIX
package import Postgres
internal import SQLite

/// Moving a store to where several brokers can share it, keeping copies of one, and bringing one back from a copy.
///
/// A copy is a SQLite store like any other, whatever the store is that it was made of: it can be verified, looked into and
/// served from as it is. Nothing gets the name or the commit that makes it a store before its ledger has verified. Calls block.
package enum StoreMove {
    /// What a move has come to.
    package enum Migration: Equatable, Sendable {
        /// The store is in the database now.
        case done
        /// It was there before.
        case doneBefore
    }

    /// Moves a store into a database while brokers go on writing it, and in the end lets nobody write to the old one again.
    ///
    /// Most of it is copied and verified while the brokers work; for the rest they are held up, for as long as what came
    /// meanwhile takes. Where this throws, the database holds no ledger; the old store is closed for good once `sealing` was
    /// shown, and a second call with the same database finishes what the first could not.
    ///
    /// - Throws: `StoreError`, with code `moved` where the store went to another database before.
    package static func migrate(
        from path: String,
        to address: PostgresAddress,
        verifiedBy key: VerifierKey,
        sealing: () -> Void = {}
    ) throws(StoreError) -> Migration {
        try StoreDraft.require(path, advice: "give the path of a broker's store")
        // Brings it to this version, and finds out what is wrong with it before anything is made.
        _ = try SQLiteStore(opening: path)
        let source = try SQLiteTransfer(reading: path)
        let origin = try source.origin()
        if let target = try source.target() {
            guard target == "\(address)" else { throw .moved(path, to: target) }
            if try holds(address, origin.identity) { return .doneBefore }
        }
        let sink = try PostgresTransfer(filling: address, identity: origin.identity, created: origin.created)
        let size = try source.head()?.size ?? 0
        try fill(sink, from: source, verifiedBy: key)
        try source.holdWriters()
        try StoreTransfer.carryLedger(size..<max(size, source.head()?.size ?? 0), from: source, to: sink)
        try StoreTransfer.carryRest(from: source, to: sink)
        try prove(sink.location) { () throws(LedgerError) in
            try LedgerVerifier(storage: TransferredLedger(transfer: sink), key: key).verifyEnd()
        }
        // In this order a failure leaves a store that nobody writes to, never two that brokers could both append to.
        try source.seal(goingTo: "\(address)")
        sealing()
        try sink.commit()
        return .done
    }

    /// Keeps a copy of a store, as it is at this moment, in a new file for this user alone; answers what its ledger ends with.
    ///
    /// - Throws: `StoreError`, with code `exists` where a file is there, and `unproved` where the copy does not verify; what
    ///   was begun is removed again.
    @discardableResult
    package static func backUp(
        _ store: any BrokerStore,
        to path: String,
        verifiedBy key: VerifierKey
    ) throws(StoreError) -> Checkpoint {
        let draft = try StoreDraft(of: path)
        if let store = store as? PostgresStore {
            try draft.fill(from: PostgresTransfer(reading: store.address))
        } else {
            try draft.copy(store.location)
        }
        return try draft.publish(verifiedBy: key)
    }

    /// Makes a store of a copy, in a file; answers what its ledger ends with.
    ///
    /// - Throws: `StoreError`, as `backUp`, and with code `moved` where the copy is a store that went elsewhere.
    @discardableResult
    package static func restore(
        _ backup: String,
        to path: String,
        verifiedBy key: VerifierKey
    ) throws(StoreError) -> Checkpoint {
        let draft = try StoreDraft(of: path)
        try draft.copy(backup)
        if let target = try SQLiteTransfer(reading: draft.path).target() { throw .moved(backup, to: target) }
        return try draft.publish(verifiedBy: key)
    }

    /// Makes a store of a copy, in a database; answers what its ledger ends with.
    ///
    /// The copy itself is not changed: one of an older version of this program is brought to this one in a file beside it.
    ///
    /// - Throws: `StoreError`, with code `exists` where the database holds one.
    @discardableResult
    package static func restore(
        _ backup: String,
        to address: PostgresAddress,
        verifiedBy key: VerifierKey
    ) throws(StoreError) -> Checkpoint {
        let draft = try StoreDraft(of: "\(backup).restored")
        try draft.copy(backup)
        _ = try SQLiteStore(opening: draft.path)
        let source = try SQLiteTransfer(reading: draft.path)
        if let target = try source.target() { throw .moved(backup, to: target) }
        let origin = try source.origin()
        let sink = try PostgresTransfer(filling: address, identity: origin.identity, created: origin.created)
        let checkpoint = try fill(sink, from: source, verifiedBy: key)
        try StoreTransfer.carryRest(from: source, to: sink)
        try sink.commit()
        return checkpoint
    }

    /// Carries a ledger as it is, and verifies it where it came to.
    @discardableResult
    private static func fill(
        _ sink: PostgresTransfer,
        from source: SQLiteTransfer,
        verifiedBy key: VerifierKey
    ) throws(StoreError) -> Checkpoint {
        guard let head = try source.head() else { throw .withoutLedger(source.location) }
        try StoreTransfer.carryLedger(0..<head.size, from: source, to: sink)
        try sink.insert(head)
        return try prove(sink.location) { () throws(LedgerError) in
            try LedgerVerifier(storage: TransferredLedger(transfer: sink), key: key).verify()
        }
    }

    /// Makes what is wrong with a ledger the store's error.
    static func prove<Answer>(
        _ location: String,
        _ verify: () throws(LedgerError) -> Answer
    ) throws(StoreError) -> Answer {
        do throws(LedgerError) { return try verify() } catch {
            throw StoreError(.unproved, path: location, reason: "\(error)")
        }
    }

    /// Whether a database holds the store with an identity, wholly.
    private static func holds(_ address: PostgresAddress, _ identity: [UInt8]) throws(StoreError) -> Bool {
        let store: PostgresStore
        do throws(StoreError) {
            store = try PostgresStore(opening: address)
        } catch {
            guard error.code == .missing else { throw error }
            return false
        }
        do {
            return try store.head() != nil && store.identity() == identity
        } catch {
            throw StoreError(.unavailable, path: store.location, reason: "\(error)")
        }
    }
}

/// The ledger of a store that is being filled, as its own transaction sees it.
private struct TransferredLedger: LedgerReading {
    let transfer: PostgresTransfer

    func head() throws(LedgerError) -> LedgerHead? {
        try answering { () throws(StoreError) in try transfer.head() }
    }

    func tile(_ address: TileAddress) throws(LedgerError) -> [UInt8]? {
        try answering { () throws(StoreError) in
            let found = try transfer.tiles(level: address.level, from: address.number, count: 1).first
            return found?.address == address ? found?.hashes : nil
        }
    }

    func entries(in range: Range<UInt64>) throws(LedgerError) -> [StoredEntry] {
        try answering { () throws(StoreError) in try transfer.entries(in: range) }
    }

    func lastIndex() throws(LedgerError) -> UInt64? {
        try answering { () throws(StoreError) in try transfer.lastIndex() }
    }

    private func answering<Answer>(_ call: () throws(StoreError) -> Answer) throws(LedgerError) -> Answer {
        do throws(StoreError) { return try call() } catch {
            throw LedgerError(
                .storage,
                seen: "\(error)",
                wanted: "a database that can be read",
                remedy: "see to its server"
            )
        }
    }
}

extension StoreError {
    fileprivate static func moved(_ path: String, to target: String) -> StoreError {
        StoreError(
            .moved,
            path: path,
            reason: "it was moved to \(target), and takes no entries any more; use that one, or a backup of it"
        )
    }

    static func withoutLedger(_ location: String) -> StoreError {
        StoreError(.foreign, path: location, reason: "it has no ledger; give the store of a broker")
    }
}
