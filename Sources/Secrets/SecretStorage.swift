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

    /// Adds one version of a secret, the first or the one after its newest; that the newest was deleted is no hindrance.
    ///
    /// - Throws: `SecretsError` with code `conflict` where the newest version is another, else `storage`.
    func insert(_ stored: StoredSecret) throws(SecretsError)

    /// The newest version of each secret in a context, sorted by name; without those that were deleted.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func current(in context: ContextName) throws(SecretsError) -> [StoredSecret]

    /// What is known of each secret in a context, sorted by name, the deleted ones included.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    func summaries(of context: ContextName) throws(SecretsError) -> [SecretSummary]

    /// Marks every version of a secret up to one as deleted.
    ///
    /// A later `insert` brings the name back with the version after its newest. The sealed bytes of deleted versions may be
    /// dropped, their numbers and dates may not.
    ///
    /// - Throws: `SecretsError` with code `conflict` where the newest version is another or deleted already, else `storage`.
    func delete(
        _ name: EnvironmentName,
        in context: ContextName,
        upTo version: UInt64,
        at moment: UnixTime
    ) throws(SecretsError)
}

/// One version of a secret, as a store keeps it: one row, of which the store understands all but the sealed bytes.
package struct StoredSecret: Equatable, Sendable {
    package let context: ContextName
    package let name: EnvironmentName
    /// Counted from 1 for each name in its context.
    package let version: UInt64
    package let created: UnixTime
    /// The value as `SealedSecret` lays it out; at most 65,573 bytes.
    package let sealed: [UInt8]

    /// Makes a row of its columns.
    package init(context: ContextName, name: EnvironmentName, version: UInt64, created: UnixTime, sealed: [UInt8]) {
        self.context = context
        self.name = name
        self.version = version
        self.created = created
        self.sealed = sealed
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

    /// Makes a summary of one secret's rows.
    package init(name: EnvironmentName, version: UInt64, created: UnixTime, changed: UnixTime, deleted: UnixTime?) {
        self.name = name
        self.version = version
        self.created = created
        self.changed = changed
        self.deleted = deleted
    }
}
