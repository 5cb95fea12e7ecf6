package import Auditing
internal import Ledger
internal import POSIX

extension SQLiteStore: BrokerStore {
    /// As `BrokerStore` promises.
    package var location: String { path }

    /// One broker serves from it, with an administrator's commands beside it.
    package var isShared: Bool { false }

    /// A file that is here stays here; whether it can be written, each write finds out.
    package var outage: String? { nil }

    /// As `BrokerStore` promises: a file beside the store.
    package func auditIndex() throws(StoreError) -> any IndexStorage { try SQLiteAuditIndex(besideStore: path) }

    /// As `BrokerStore` promises.
    package func existingAuditIndex() throws(StoreError) -> (any IndexStorage)? {
        try SQLiteAuditIndex(existingBesideStore: path)
    }

    /// As `BrokerStore` promises: a file beside the store.
    package func witnessedCheckpoint() throws(StoreError) -> [UInt8] {
        do throws(POSIXError) {
            guard try Files.status(witnessedPath) != nil else { return [] }
            return try Files.read(witnessedPath, limit: SignedNote.largest)
        } catch {
            throw StoreError(.unavailable, path: witnessedPath, reason: "\(error)")
        }
    }

    /// As `BrokerStore` promises.
    package func keepWitnessed(_ note: [UInt8]) throws(StoreError) {
        do throws(POSIXError) { try Files.replace(witnessedPath, note) } catch {
            throw StoreError(.unavailable, path: witnessedPath, reason: "\(error)")
        }
    }

    /// As `BrokerStore` promises.
    package func openedAgain() throws(StoreError) -> any BrokerStore { try SQLiteStore(opening: path) }

    private var witnessedPath: String { "\(path).witnessed" }
}
