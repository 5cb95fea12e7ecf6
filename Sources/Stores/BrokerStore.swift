package import Auditing
package import Ledger
package import Runs
package import Secrets

/// All that a broker keeps, in one place.
///
/// Who opens one need not know which kind it is; what a kind promises beyond the protocols of its users stands there.
package protocol BrokerStore: RunStorage, LedgerStorage, LedgerPruning, SecretStorage, RevocationStorage,
    CommitMark
{
    /// Where it is, as it may be shown.
    var location: String { get }

    /// Whether several brokers append to it.
    var isShared: Bool { get }

    /// Why it cannot be used at the moment; nil while it can, as far as is known.
    var outage: String? { get }

    /// The index of its ledger, made where there is none.
    ///
    /// - Throws: `StoreError`.
    func auditIndex() throws(StoreError) -> any IndexStorage

    /// The index of its ledger as it is, for who looks whether it is right; nil where there is none.
    ///
    /// - Throws: `StoreError`.
    func existingAuditIndex() throws(StoreError) -> (any IndexStorage)?

    /// The newest checkpoint that witnesses have cosigned, as it was kept; empty where none was.
    ///
    /// - Throws: `StoreError`.
    func witnessedCheckpoint() throws(StoreError) -> [UInt8]

    /// Keeps a cosigned checkpoint in place of the one before.
    ///
    /// - Throws: `StoreError`.
    func keepWitnessed(_ note: [UInt8]) throws(StoreError)

    /// Opens it once more, so that long reads by one are in nobody's way.
    ///
    /// - Throws: `StoreError`.
    func openedAgain() throws(StoreError) -> any BrokerStore
}
