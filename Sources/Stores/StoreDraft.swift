internal import Ledger
internal import POSIX
internal import SQLite
internal import Time

/// A SQLite store that is being made under a name of its own, and gets the one that it is for once it has verified.
///
/// Where it gets none it is removed; nothing else ever is.
struct StoreDraft: ~Copyable {
    /// What belongs to a store: the file, SQLite's own beside it, and what witnesses have cosigned.
    private static let suffixes = ["", "-wal", "-shm", "-journal", ".witnessed"]

    /// Where it is for now.
    let path: String
    private let name: String

    /// Begins one that is to have a name which nothing has yet.
    ///
    /// - Throws: `StoreError`, with code `exists`.
    init(of name: String) throws(StoreError) {
        self.name = name
        path = "\(name).\(ThisProcess.id).new"
        for file in Self.suffixes.map({ name + $0 }) {
            let isThere: Bool
            do throws(POSIXError) { isThere = try Files.status(file) != nil } catch {
                throw StoreError(.unavailable, path: file, reason: "\(error)")
            }
            guard !isThere else { throw .inTheWay(file) }
        }
        // What a call that was killed has left, whose process number has come round.
        remove()
    }

    deinit { remove() }

    /// Fills it from another store, row by row.
    func fill(from source: any StoreSource) throws(StoreError) {
        let origin = try source.origin()
        try SQLiteStore.create(
            path: path,
            identity: origin.identity,
            at: UnixTime(milliseconds: origin.created)
        )
        let sink = try SQLiteTransfer(filling: path)
        try StoreTransfer.carryLedger(0..<(source.head()?.size ?? 0), from: source, to: sink)
        try StoreTransfer.carryRest(from: source, to: sink)
        try sink.commit()
    }

    /// Copies a SQLite store page by page, as it is at one moment, with what witnesses have cosigned.
    func copy(_ origin: String) throws(StoreError) {
        try Self.require(origin, advice: "give one that 'store backup' made")
        let witnessed: [UInt8]
        do throws(POSIXError) {
            let note = "\(origin).witnessed"
            witnessed = try Files.status(note) == nil ? [] : try Files.read(note, limit: SignedNote.largest)
            try Files.writeNew(path, [], mode: 0o600)
        } catch {
            throw StoreError(.unavailable, path: path, reason: "\(error)")
        }
        do throws(SQLiteError) {
            let source = try SQLiteConnection(path: origin, mode: .readWrite)
            source.setBusyTimeout(milliseconds: 5_000)
            try source.copy(to: SQLiteConnection(path: path, mode: .readWrite))
        } catch {
            throw StoreError(error, path: origin)
        }
        guard !witnessed.isEmpty else { return }
        do throws(POSIXError) { try Files.replace("\(path).witnessed", witnessed) } catch {
            throw StoreError(.unavailable, path: path, reason: "\(error)")
        }
    }

    /// Verifies its ledger and gives it its name; answers what the ledger ends with.
    consuming func publish(verifiedBy key: VerifierKey) throws(StoreError) -> Checkpoint {
        let checkpoint = try verified(by: key)
        let isOpen = (try? Files.status(path + "-wal")) != nil
        guard !isOpen else {
            throw StoreError(
                .unavailable,
                path: path,
                reason: "another program has it open; keep others away, and try again"
            )
        }
        // The store's own file comes last: without it the others are nobody's.
        var named: [String] = []
        do throws(POSIXError) {
            for suffix in [".witnessed", ""] where try Files.status(path + suffix) != nil {
                try Files.rename(path + suffix, toNew: name + suffix)
                named.append(name + suffix)
            }
        } catch {
            for file in named { try? Files.remove(file) }
            guard (try? Files.status(name)) == nil else { throw .inTheWay(name) }
            throw StoreError(.unavailable, path: name, reason: "\(error)")
        }
        return checkpoint
    }

    private func verified(by key: VerifierKey) throws(StoreError) -> Checkpoint {
        let store = try SQLiteStore(opening: path)
        return try StoreMove.prove(name) { () throws(LedgerError) in
            try LedgerVerifier(storage: store, key: key).verify()
        }
    }

    /// - Throws: `StoreError`, with code `missing` where there is no such file.
    static func require(_ path: String, advice: String) throws(StoreError) {
        let isThere: Bool
        do throws(POSIXError) { isThere = try Files.status(path) != nil } catch {
            throw StoreError(.unavailable, path: path, reason: "\(error)")
        }
        guard isThere else { throw StoreError(.missing, path: path, reason: "there is no such file; \(advice)") }
    }

    private func remove() { for suffix in Self.suffixes { try? Files.remove(path + suffix) } }
}

extension StoreError {
    fileprivate static func inTheWay(_ file: String) -> StoreError {
        StoreError(.exists, path: file, reason: "a file is there already: move it away, or name another path")
    }
}
