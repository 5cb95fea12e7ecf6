package import Encoding
package import Time

/// Where sealed secrets outlive the process.
///
/// Calls block; the vault makes them on the executor that it was given. A write is durable when the call returns, and a
/// failed one has changed nothing. An attacker who can read the store learns names, dates and lengths. One who can write it
/// can also take secrets away and bring an older version back, which the ledger's entries of every change disprove; it can
/// make no value, and move none to another name, context or store.
package protocol SecretStorage: Sendable {
    /// What tells this store from every other: 1 to 64 bytes drawn at random when it was made, and never changed.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func identity() throws(SecretsError) -> [UInt8]

    /// Adds versions of secrets, all of them or none, each the first of its name or the one after its newest; that the newest
    /// was deleted is no hindrance. What was the newest is former from then on.
    ///
    /// - Throws: `SecretsError` with code `conflict` where the newest version is another, else `storage`.
    func insert(_ new: [NewSecret]) throws(SecretsError)

    /// The newest version of each secret in a context, sorted by name; without those that were deleted.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func current(in context: ContextName) throws(SecretsError) -> [StoredSecret]

    /// What is known of each version of a secret, the newest first.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func versions(of name: EnvironmentName, in context: ContextName) throws(SecretsError) -> [SecretVersion]

    /// One version with its sealed bytes; nil where there is none, or they were purged.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func version(
        _ version: UInt64,
        of name: EnvironmentName,
        in context: ContextName
    ) throws(SecretsError) -> StoredSecret?

    /// What is known of each secret in a context, sorted by name, the deleted ones included.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func summaries(of context: ContextName) throws(SecretsError) -> [SecretSummary]

    /// Marks every version of a secret up to one as deleted; its sealed bytes stay until they are purged.
    ///
    /// A later `insert` brings the name back with the version after its newest.
    ///
    /// - Throws: `SecretsError` with code `conflict` where the newest version is another or deleted already, else `storage`.
    func delete(
        _ name: EnvironmentName,
        in context: ContextName,
        upTo version: UInt64,
        at moment: UnixTime
    ) throws(SecretsError)

    /// Versions whose sealed bytes nobody may need any more: deleted, or former and no longer readable, since `limit`; at most
    /// so many.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func purgeable(before limit: UnixTime, at now: UnixTime, count: Int) throws(SecretsError) -> [SecretAddress]

    /// Drops the sealed bytes of a version; its number and dates stay.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func purge(_ address: SecretAddress) throws(SecretsError)

    /// Versions that have sealed bytes, former and deleted ones too, in the order of context, name and version, behind an
    /// address; at most so many.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func sealed(behind address: SecretAddress?, count: Int) throws(SecretsError) -> [StoredSecret]

    /// Puts new sealed bytes in the place of others, all or none, and answers how many it did; a version whose bytes are not
    /// those that are to be replaced is left as it is.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func replace(_ changes: [(old: StoredSecret, new: [UInt8])]) throws(SecretsError) -> Int

    /// What is known to be kept elsewhere, in the order of source, place and name.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func inventory() throws(SecretsError) -> [InventoryItem]

    /// Adds items of one source to the inventory, or gives those that are there new dates; with `replacing` the source has
    /// nothing else afterwards.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func list(_ items: [InventoryItem], of source: String, replacing: Bool) throws(SecretsError)
}

extension SecretStorage {
    /// Adds one version of a secret, without a grace period for the former one.
    ///
    /// - Throws: as `insert` of several.
    package func insert(_ stored: StoredSecret) throws(SecretsError) { try insert([NewSecret(stored)]) }
}

/// Which version of which secret.
package struct SecretAddress: Hashable, Sendable, CustomStringConvertible {
    package let context: ContextName
    package let name: EnvironmentName
    package let version: UInt64

    /// Makes an address.
    package init(_ context: ContextName, _ name: EnvironmentName, _ version: UInt64) {
        self.context = context
        self.name = name
        self.version = version
    }

    package var description: String { "version \(version) of secret \(name) in context \(context)" }
}

/// One version of a secret, as a store keeps it: one row, of which the store understands all but the sealed bytes.
package struct StoredSecret: Equatable, Sendable {
    package let context: ContextName
    package let name: EnvironmentName
    /// Counted from 1 for each name in its context.
    package let version: UInt64
    package let created: UnixTime
    /// The value as `SealedSecret` lays it out; at most 65,633 bytes.
    package let sealed: [UInt8]

    /// Makes a row of its columns.
    package init(context: ContextName, name: EnvironmentName, version: UInt64, created: UnixTime, sealed: [UInt8]) {
        self.context = context
        self.name = name
        self.version = version
        self.created = created
        self.sealed = sealed
    }

    /// Where it is.
    package var address: SecretAddress { SecretAddress(context, name, version) }
}

/// A version that is to be added.
package struct NewSecret: Equatable, Sendable {
    package let stored: StoredSecret
    /// Until when the version before it may still be read by its number; nil where it ends at once.
    package let formerReadableUntil: UnixTime?

    /// Makes a version that is to be added.
    package init(_ stored: StoredSecret, formerReadableUntil: UnixTime? = nil) {
        self.stored = stored
        self.formerReadableUntil = formerReadableUntil
    }
}

/// What may be told of one version of a secret.
package struct SecretVersion: Equatable, Sendable {
    package let number: UInt64
    package let created: UnixTime
    /// When the next version took its place; nil for the newest.
    package let superseded: UnixTime?
    /// Until when it may be read by its number though it is a former one; nil where it may not.
    package let readableUntil: UnixTime?
    package let deleted: UnixTime?
    /// Whether its sealed bytes are gone.
    package let isPurged: Bool

    /// Makes a version of its columns.
    package init(
        number: UInt64,
        created: UnixTime,
        superseded: UnixTime?,
        readableUntil: UnixTime?,
        deleted: UnixTime?,
        isPurged: Bool
    ) {
        self.number = number
        self.created = created
        self.superseded = superseded
        self.readableUntil = readableUntil
        self.deleted = deleted
        self.isPurged = isPurged
    }
}

/// What may be told of a secret without its value.
package struct SecretSummary: Equatable, Sendable {
    package let name: EnvironmentName
    /// The newest version.
    package let version: UInt64
    /// When its first version was set.
    package let created: UnixTime
    /// When its newest version was set.
    package let changed: UnixTime
    /// When it was deleted; nil while it is in use.
    package let deleted: UnixTime?
    /// Bytes of the newest version as it lies in the store; 0 where they are purged.
    package let bytes: Int

    /// Makes a summary of one secret's rows.
    package init(
        name: EnvironmentName,
        version: UInt64,
        created: UnixTime,
        changed: UnixTime,
        deleted: UnixTime?,
        bytes: Int = 0
    ) {
        self.name = name
        self.version = version
        self.created = created
        self.changed = changed
        self.deleted = deleted
        self.bytes = bytes
    }
}
