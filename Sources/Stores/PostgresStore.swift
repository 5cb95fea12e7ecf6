package import Auditing
package import Postgres
internal import Synchronization
package import Time

/// A store in a database of PostgreSQL, or of what speaks its protocol, that several brokers share.
///
/// What one broker has committed, every other sees with its next call; the ledger's batches follow each other in one order,
/// whoever makes them. A broker that dies in the middle of one leaves nothing of it, and the server ends what it had begun at
/// once, or after some seconds where its machine went without a word. All calls block: they belong on a `WorkerThread`.
///
/// While the server is away every call fails at once; when it is back they succeed again, without anybody's doing.
package final class PostgresStore: Sendable {
    /// The connections of one broker: what may take long is never in the way of what jobs wait for.
    enum Line: Int {
        /// The ledger's batches.
        case ledger = 0
        /// Runs and secrets that change.
        case changes = 1
        /// The auditors' index.
        case index = 2
    }

    /// Connections that only read come behind those.
    private static let readers = 3

    /// Where the database is.
    package let address: PostgresAddress
    let pool: PostgresPool
    private let reads = Atomic<Int>(0)
    /// How long the tree was that this process has last seen: others go on from there.
    let seen = Atomic<UInt64>(0)

    /// Opens a store.
    ///
    /// One of an older version of this program is brought to the present one; one of a newer version is used where that
    /// version says that this one can.
    ///
    /// - Throws: `StoreError` where there is none, it cannot be reached, or only newer versions can use it.
    package init(opening address: PostgresAddress) throws(StoreError) {
        let shown = "\(address)"
        do throws(PostgresError) {
            pool = try PostgresPool(address, connections: Line.index.rawValue + 1 + Self.readers)
        } catch {
            throw StoreError(error, location: shown)
        }
        self.address = address
        let stamp: (version: Int64, readableFrom: Int64)?
        do throws(PostgresError) {
            stamp = try pool.use(Line.changes.rawValue) { connection throws(PostgresError) in
                let stamp = try PostgresSchema.stamp(&connection)
                if let stamp, stamp.version < PostgresSchema.version { try PostgresSchema.migrate(&connection) }
                return stamp
            }
        } catch {
            throw StoreError(error, location: shown)
        }
        guard let stamp else {
            throw StoreError(.missing, path: shown, reason: "it holds no store; run 'jobpass init' to make one")
        }
        guard stamp.readableFrom <= PostgresSchema.version else {
            let reason =
                "its schema is version \(stamp.version), which programs from version \(stamp.readableFrom) on can use; this "
                + "jobpass knows versions up to \(PostgresSchema.version); use the newer one"
            throw StoreError(.version(stamp.version), path: shown, reason: reason)
        }
    }

    /// Makes a store in a database that has none.
    ///
    /// `identity` is what tells this store from every other, drawn at random: secrets are sealed to it.
    ///
    /// - Throws: `StoreError`, with code `exists` where there is one.
    package static func create(
        at address: PostgresAddress,
        identity: [UInt8],
        at moment: UnixTime
    ) throws(StoreError) {
        let isNew: Bool
        do throws(PostgresError) {
            var connection = try PostgresConnection(to: address)
            isNew = try PostgresSchema.create(&connection, identity: identity, at: moment.milliseconds)
        } catch {
            throw StoreError(error, location: "\(address)")
        }
        guard isNew else { throw .exists("\(address)") }
    }

    /// Looks whether a database can be reached and holds no store with a ledger yet; changes nothing.
    ///
    /// - Throws: `StoreError`, with code `exists` where there is one.
    package static func checkAbsence(at address: PostgresAddress) throws(StoreError) {
        let isThere: Bool
        do throws(PostgresError) {
            var connection = try PostgresConnection(to: address)
            if try PostgresSchema.stamp(&connection) == nil {
                isThere = false
            } else {
                let heads = try connection.run(PostgresQuery("SELECT count(*) FROM jobpass_ledger_head"))
                isThere = try heads.first?.integer(at: 0) ?? 0 > 0
            }
        } catch {
            throw StoreError(error, location: "\(address)")
        }
        guard !isThere else { throw .exists("\(address)") }
    }

    /// Reads by one of the connections for that, in turn.
    func read<Answer: Sendable, Failure: Error>(
        _ failed: (PostgresError) -> Failure,
        _ work: (inout PostgresConnection) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        try pool.use(nextReader, failed, work)
    }

    /// Reads, where the server's own failure is the caller's.
    func read<Answer: Sendable>(
        _ work: (inout PostgresConnection) throws(PostgresError) -> Answer
    ) throws(PostgresError) -> Answer {
        try pool.use(nextReader, work)
    }

    private var nextReader: Int {
        let turn = reads.wrappingAdd(1, ordering: .relaxed).newValue
        return Line.index.rawValue + 1 + (turn & 0xFFFF) % Self.readers
    }
}

extension PostgresStore: BrokerStore {
    /// As `BrokerStore` promises.
    package var location: String { "\(address)" }

    /// As `BrokerStore` promises: that is what it is for.
    package var isShared: Bool { true }

    /// As `BrokerStore` promises: what the connections last met with.
    package var outage: String? { pool.outage?.description }

    /// As `BrokerStore` promises: tables of the same database.
    package func auditIndex() throws(StoreError) -> any IndexStorage { PostgresAuditIndex(of: self) }

    /// As `BrokerStore` promises.
    package func existingAuditIndex() throws(StoreError) -> (any IndexStorage)? { PostgresAuditIndex(of: self) }

    /// As `BrokerStore` promises.
    package func witnessedCheckpoint() throws(StoreError) -> [UInt8] {
        do throws(PostgresError) {
            return try read { connection throws(PostgresError) in
                let rows = try connection.run(PostgresQuery("SELECT bytes FROM jobpass_notes WHERE name = 'witnessed'"))
                return try rows.first?.bytes(at: 0) ?? []
            }
        } catch {
            throw StoreError(error, location: location)
        }
    }

    /// As `BrokerStore` promises.
    package func keepWitnessed(_ note: [UInt8]) throws(StoreError) {
        do throws(PostgresError) {
            try pool.use(Line.index.rawValue) { connection throws(PostgresError) in
                _ = try connection.run(
                    PostgresQuery(
                        """
                        INSERT INTO jobpass_notes (name, bytes) VALUES ('witnessed', $1)
                        ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes
                        """,
                        .bytes(note)
                    )
                )
            }
        } catch {
            throw StoreError(error, location: location)
        }
    }

    /// As `BrokerStore` promises.
    package func openedAgain() throws(StoreError) -> any BrokerStore { try PostgresStore(opening: address) }
}

extension StoreError {
    /// The error of a database call made while a store is opened or created.
    init(_ error: PostgresError, location: String) {
        switch error.code {
        case .mismatch, .server("42P01"), .server("42703"):
            self.init(.foreign, path: location, reason: "it cannot be read as a store (\(error)); restore a backup")
        default:
            let advice = "is the server up, and does it let this user in (passfile) and make tables?"
            self.init(error.endsConnection ? .unreachable : .unavailable, path: location, reason: "\(error); \(advice)")
        }
    }

    fileprivate static func exists(_ location: String) -> StoreError {
        StoreError(.exists, path: location, reason: "it holds a store already: use it, or give another database")
    }
}
