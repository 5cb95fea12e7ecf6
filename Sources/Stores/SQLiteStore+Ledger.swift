package import Ledger
internal import Locks
internal import SQLite

extension SQLiteStore: LedgerStorage {
    /// As `LedgerStorage` promises.
    package func head() throws(LedgerError) -> LedgerHead? {
        try reader.withLock { reader throws(LedgerError) in
            try reporting { () throws(SQLiteError) in try reader.ledger.head() }
        }
    }

    /// As `LedgerStorage` promises.
    package func tile(_ address: TileAddress) throws(LedgerError) -> [UInt8]? {
        try reader.withLock { reader throws(LedgerError) in
            try reporting { () throws(SQLiteError) in try reader.ledger.tile(address) }
        }
    }

    /// As `LedgerStorage` promises.
    package func entries(in range: Range<UInt64>) throws(LedgerError) -> [StoredEntry] {
        try reader.withLock { reader throws(LedgerError) in
            try reporting { () throws(SQLiteError) in try reader.ledger.entries(in: range) }
        }
    }

    /// As `LedgerReading` promises.
    package func lastIndex() throws(LedgerError) -> UInt64? {
        try reader.withLock { reader throws(LedgerError) in
            try reporting { () throws(SQLiteError) in try reader.ledger.lastIndex() }
        }
    }

    /// As `LedgerStorage` promises.
    package func append(
        _ build: (_ head: LedgerHead?, _ tiles: TileSource) throws(LedgerError) -> LedgerBatch
    ) throws(LedgerError) {
        let pagesWritten = try writer.withLock { writer throws(LedgerError) in
            try writer.atomically({ LedgerError($0) }) { writer throws(LedgerError) in
                let head = try reporting { () throws(SQLiteError) in try writer.ledger.head() }
                let batch = try build(head) { address throws(LedgerError) in
                    try reporting { () throws(SQLiteError) in try writer.ledger.tile(address) }
                }
                try reporting { () throws(SQLiteError) in try writer.ledger.write(batch, behind: head?.size ?? 0) }
            }
            return writer.connection.pagesWritten
        }
        tendLog(pagesWritten: pagesWritten)
    }
}

extension SQLiteStore: LedgerPruning {
    /// As `LedgerPruning` promises: each commit has overwritten what it removed, but in the log, which is moved and begun anew.
    package func finishReplacing() throws(LedgerError) {
        try writer.withLock { writer throws(LedgerError) in
            try reporting { () throws(SQLiteError) in
                try writer.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            }
        }
    }

    /// As `LedgerPruning` promises.
    package func replace(_ entries: [StoredEntry]) throws(LedgerError) {
        try writer.withLock { writer throws(LedgerError) in
            // What is removed is overwritten, in the file and not only in its lists of what is where.
            try reporting { () throws(SQLiteError) in try writer.connection.execute("PRAGMA secure_delete = ON") }
            try writer.atomically({ LedgerError($0) }) { writer throws(LedgerError) in
                try reporting { () throws(SQLiteError) in
                    var update = try writer.connection.prepare(
                        "UPDATE ledger_entries SET bytes = ?2 WHERE position = ?1"
                    )
                    for entry in entries {
                        try update.bind(Int64(bitPattern: entry.index), at: 1)
                        try update.bind(entry.bytes, at: 2)
                        try update.run()
                    }
                }
            }
        }
    }
}

/// Makes a database's failure the ledger's.
func reporting<Answer>(_ calls: () throws(SQLiteError) -> Answer) throws(LedgerError) -> Answer {
    do throws(SQLiteError) {
        return try calls()
    } catch {
        throw LedgerError(error)
    }
}

extension LedgerError {
    fileprivate init(_ error: SQLiteError) {
        switch error.code {
        case .full:
            self.init(
                .storageFull,
                seen: "\(error)",
                wanted: "space for one more entry",
                remedy: "make space on the store's disk; nothing is released until then"
            )
        case .constraint where error.isRefusedByTrigger:
            self.init(
                .storage,
                seen: error.message,
                wanted: "a store that takes entries",
                remedy: "write the new store into the configuration, and start the broker again"
            )
        case .constraint:
            self.init(
                .longer,
                seen: "\(error)",
                wanted: "no entry behind the last one that the checkpoint covers",
                remedy: "somebody added one: keep this store as evidence and restore a backup"
            )
        case .corrupt, .notADatabase:
            self.init(
                .storage,
                seen: "\(error)",
                wanted: "a file that is whole",
                remedy: "it was damaged: keep it, see to its disk, and restore a backup (jobpass store restore)"
            )
        default:
            self.init(
                .storage,
                seen: "\(error)",
                wanted: "a store that can be read and written",
                remedy: "see to the store's disk; nothing is released until it works"
            )
        }
    }
}
