internal import Ledger

/// What a store is made of, as it is carried from one to another: rows whose meaning nobody looks at on the way.
///
/// Everything goes over byte for byte, the identity too, to which secrets are sealed. A source shows one committed state, a
/// sink has all of it at the end or nothing.
enum StoreTransfer {
    /// Rows that are carried at once.
    static let batch: Int64 = 2_048

    /// A row of the runs.
    struct RunRow: Sendable {
        let id: String
        let principal: String
        let claims: [UInt8]
        let digest: [UInt8]
        let registered: Int64
        let expires: Int64
        let ended: Int64?
    }

    /// A row of the secrets.
    struct SecretRow: Sendable {
        let context: String
        let name: String
        let version: Int64
        let created: Int64
        let deleted: Int64?
        let sealed: [UInt8]?
        let superseded: Int64?
        let readable: Int64?
    }

    /// A row of what is listed elsewhere.
    struct InventoryRow: Sendable {
        let source: String
        let place: String
        let name: String
        let created: Int64?
        let updated: Int64?
        let listed: Int64
    }

    /// A row of the revocations.
    struct RevocationRow: Sendable {
        let id: String
        let kind: String
        let value: String
        let made: Int64
        let until: Int64?
        let principal: String?
        let reason: String
        let lifted: Int64?
        let changed: Int64
    }

    /// Carries the entries from one index to another, and the tiles over them.
    static func carryLedger(
        _ range: Range<UInt64>,
        from source: any StoreSource,
        to sink: any StoreSink
    ) throws(StoreError) {
        var next = range.lowerBound
        while next < range.upperBound {
            let end = min(range.upperBound, next + UInt64(batch))
            let entries = try source.entries(in: next..<end)
            // One that is missing is found by verifying both sides, not hidden here.
            try sink.insert(entries)
            next = end
        }
        for level in 0..<TileAddress.levels {
            // The last tile of before may have grown since.
            var number = range.lowerBound >> UInt64(8 * level + 8)
            while true {
                let tiles = try source.tiles(level: level, from: number, count: 256)
                guard let last = tiles.last else { break }
                try sink.insert(tiles)
                number = last.address.number + 1
            }
        }
    }

    /// Carries all but the ledger's entries and tiles.
    static func carryRest(from source: any StoreSource, to sink: any StoreSink) throws(StoreError) {
        guard let head = try source.head() else {
            throw .withoutLedger(source.location)
        }
        try sink.insert(head)
        var last = ""
        while true {
            let runs = try source.runs(behind: last, count: batch)
            guard let end = runs.last else { break }
            try sink.insert(runs)
            last = end.id
        }
        try sink.insert(try source.secrets())
        try sink.insert(try source.inventory())
        try sink.insert(try source.revocations())
        try sink.insert(witnessed: try source.witnessed())
    }
}

/// Where a transfer comes from: one committed state of a store.
protocol StoreSource: AnyObject {
    var location: String { get }
    func origin() throws(StoreError) -> (identity: [UInt8], created: Int64)
    func head() throws(StoreError) -> LedgerHead?
    func entries(in range: Range<UInt64>) throws(StoreError) -> [StoredEntry]
    func tiles(level: Int, from number: UInt64, count: Int64) throws(StoreError) -> [Tile]
    func runs(behind id: String, count: Int64) throws(StoreError) -> [StoreTransfer.RunRow]
    func secrets() throws(StoreError) -> [StoreTransfer.SecretRow]
    func inventory() throws(StoreError) -> [StoreTransfer.InventoryRow]
    func revocations() throws(StoreError) -> [StoreTransfer.RevocationRow]
    func witnessed() throws(StoreError) -> [UInt8]
}

/// Where a transfer goes: a store that has nothing yet, and has everything once it is committed.
protocol StoreSink: AnyObject {
    func insert(_ entries: [StoredEntry]) throws(StoreError)
    /// Tiles that are there already are replaced.
    func insert(_ tiles: [Tile]) throws(StoreError)
    func insert(_ head: LedgerHead) throws(StoreError)
    func insert(_ runs: [StoreTransfer.RunRow]) throws(StoreError)
    func insert(_ secrets: [StoreTransfer.SecretRow]) throws(StoreError)
    func insert(_ items: [StoreTransfer.InventoryRow]) throws(StoreError)
    func insert(_ revocations: [StoreTransfer.RevocationRow]) throws(StoreError)
    func insert(witnessed note: [UInt8]) throws(StoreError)
    func commit() throws(StoreError)
}
