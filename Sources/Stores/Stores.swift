/// Stores owns how runs, the ledger and sealed secrets outlive the process: the protocols of `Runs`, `Ledger` and `Secrets`,
/// on SQLite for one broker, and on PostgreSQL for several.
///
/// It never makes a file or a table but when it is told to create a store, never repairs one that it finds, and understands
/// nothing of what it keeps: entries and sealed values are bytes to it. Who can write the file or the database can hide, change and bring
/// back what is in it; the ledger's hashes and the secrets' seals are there to show that.
package struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was found.
    package enum Code: Equatable, Sendable {
        /// A file is there already where a store was to be made.
        case exists
        /// There is no file to open.
        case missing
        /// The file is no store of this program.
        case foreign
        /// The store has another schema than this program reads.
        case version(Int64)
        /// Others may read or write the file.
        case looseMode
        /// The file cannot be read or written, or its disk is full.
        case unavailable
        /// It was moved elsewhere, and takes no entries any more.
        case moved
        /// Its ledger does not verify.
        case unproved
        /// The database server cannot be reached, or does not let us in.
        case unreachable
    }

    package let code: Code
    package let path: String
    /// What is wrong and what to do.
    package let reason: String

    /// Makes an error.
    package init(_ code: Code, path: String, reason: String) {
        self.code = code
        self.path = path
        self.reason = reason
    }

    package var description: String { "store \(path): \(reason)" }
}
