internal import Ledger
internal import SQLite
internal import Time

/// The ledger's statements on one connection, compiled once.
struct LedgerStatements: ~Copyable {
    private var selectHead: SQLiteStatement
    private var selectTile: SQLiteStatement
    private var selectEntries: SQLiteStatement
    private var selectLast: SQLiteStatement
    private var insertEntry: SQLiteStatement
    private var upsertTile: SQLiteStatement
    private var upsertHead: SQLiteStatement

    init(_ connection: borrowing SQLiteConnection) throws(SQLiteError) {
        let selectHead = try connection.prepare("SELECT size, time, checkpoint FROM ledger_head WHERE id = 1")
        let selectTile = try connection.prepare("SELECT hashes FROM ledger_tiles WHERE level = ?1 AND number = ?2")
        let selectEntries = try connection.prepare(
            "SELECT position, bytes FROM ledger_entries WHERE position >= ?1 AND position < ?2 ORDER BY position"
        )
        let selectLast = try connection.prepare("SELECT position FROM ledger_entries ORDER BY position DESC LIMIT 1")
        let insertEntry = try connection.prepare("INSERT INTO ledger_entries (position, bytes) VALUES (?1, ?2)")
        let upsertTile = try connection.prepare(
            """
            INSERT INTO ledger_tiles (level, number, hashes) VALUES (?1, ?2, ?3)
            ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes
            """
        )
        let upsertHead = try connection.prepare(
            """
            INSERT INTO ledger_head (id, size, time, checkpoint) VALUES (1, ?1, ?2, ?3)
            ON CONFLICT (id) DO UPDATE SET size = excluded.size, time = excluded.time, checkpoint = excluded.checkpoint
            """
        )
        self.selectHead = selectHead
        self.selectTile = selectTile
        self.selectEntries = selectEntries
        self.selectLast = selectLast
        self.insertEntry = insertEntry
        self.upsertTile = upsertTile
        self.upsertHead = upsertHead
    }

    mutating func head() throws(SQLiteError) -> LedgerHead? {
        defer { selectHead.reset() }
        guard try selectHead.step() else { return nil }
        return LedgerHead(
            size: UInt64(bitPattern: try selectHead.integer(at: 0)),
            time: UnixTime(milliseconds: try selectHead.integer(at: 1)),
            checkpoint: try selectHead.bytes(at: 2)
        )
    }

    mutating func tile(_ address: TileAddress) throws(SQLiteError) -> [UInt8]? {
        defer { selectTile.reset() }
        try selectTile.bind(Int64(address.level), at: 1)
        try selectTile.bind(Int64(bitPattern: address.number), at: 2)
        return try selectTile.step() ? try selectTile.bytes(at: 0) : nil
    }

    mutating func entries(in range: Range<UInt64>) throws(SQLiteError) -> [StoredEntry] {
        defer { selectEntries.reset() }
        try selectEntries.bind(Int64(clamping: range.lowerBound), at: 1)
        try selectEntries.bind(Int64(clamping: range.upperBound), at: 2)
        var entries: [StoredEntry] = []
        while try selectEntries.step() {
            let index = UInt64(bitPattern: try selectEntries.integer(at: 0))
            entries.append(StoredEntry(index: index, bytes: try selectEntries.bytes(at: 1)))
        }
        return entries
    }

    mutating func lastIndex() throws(SQLiteError) -> UInt64? {
        defer { selectLast.reset() }
        return try selectLast.step() ? UInt64(bitPattern: try selectLast.integer(at: 0)) : nil
    }

    /// Writes a batch behind so many entries.
    mutating func write(_ batch: LedgerBatch, behind size: UInt64) throws(SQLiteError) {
        var position = Int64(bitPattern: size)
        for leaf in batch.leaves {
            try insertEntry.bind(position, at: 1)
            try insertEntry.bind(leaf, at: 2)
            try insertEntry.run()
            position += 1
        }
        for tile in batch.tiles {
            try upsertTile.bind(Int64(tile.address.level), at: 1)
            try upsertTile.bind(Int64(bitPattern: tile.address.number), at: 2)
            try upsertTile.bind(tile.hashes, at: 3)
            try upsertTile.run()
        }
        try upsertHead.bind(Int64(bitPattern: batch.head.size), at: 1)
        try upsertHead.bind(batch.head.time.milliseconds, at: 2)
        try upsertHead.bind(batch.head.checkpoint, at: 3)
        try upsertHead.run()
    }
}
