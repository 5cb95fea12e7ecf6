internal import Configuration
internal import Crypto
internal import JSON
internal import Ledger
internal import POSIX
internal import Postgres
internal import Stores

/// `jobpass store`: where the broker keeps everything.
enum StoreCommand {
    static let definition = Command(
        name: "store",
        summary: "move, back up and restore what a broker keeps",
        details: [
            "A store holds the ledger, the runs, and the sealed secrets; keys are files beside it, and are copied as files are."
        ],
        examples: [
            Command.Example("jobpass store backup /var/backups/jobpass.db", "a copy, while the broker works")
        ],
        body: .group([StoreBackupCommand.definition, StoreRestoreCommand.definition, StoreMigrateCommand.definition])
    )

    /// Exit codes that the three have in common.
    static let exits = [
        Command.Note("65", "the ledger does not verify; the message names the first entry that is wrong"),
        Command.Note("74", "a file or the database cannot be read or written"),
        Command.Note("78", "something is there already, or the configuration is wrong"),
    ]

    /// The key by which the ledger of the store verifies that the configuration is of.
    static func verifierKey(_ settings: Settings) throws -> VerifierKey {
        try CheckpointSigner(name: try KeyName(settings.ledger.origin), key: try KeyFiles(settings).checkpointKey())
            .verifier
    }

    /// Says what was done, and to what.
    static func show(_ what: String, _ place: String, _ checkpoint: Checkpoint, _ invocation: Invocation) throws {
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result([
                "done": .string(what), "store": .string(place), "verified": true,
                "entries": .integer(Int64(clamping: checkpoint.size)),
            ])
        } else {
            try console.result("\(what): \(place), verified: \(checkpoint.size) entries\n")
        }
    }
}
