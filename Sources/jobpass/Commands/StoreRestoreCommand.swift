internal import Configuration
internal import Crypto
internal import JSON
internal import Ledger
internal import POSIX
internal import Postgres
internal import Stores

/// `jobpass store restore FILE`: the store that the configuration names, made of a copy.
enum StoreRestoreCommand {
    static let definition = Command(
        name: "restore",
        summary: "make the store that the configuration names of a backup",
        details: [
            "For a broker whose store is lost: nothing may be where the store is to be, neither the file nor, in a database, its "
                + "tables with a ledger. The ledger is verified before this ends.",
            "What was committed after the backup is gone with the lost store, and the ledger goes on from an earlier entry: whoever "
                + "kept a later checkpoint, as witnesses do, will say so. Restore the newest copy there is, and keep what is left of "
                + "the old store as evidence.",
        ],
        operands: [Command.Operand("FILE", "what 'store backup' made", kind: .file)],
        options: [ConfigurationFile.option, .json],
        examples: [
            Command.Example(
                "jobpass store restore /var/backups/jobpass.db --config /etc/jobpass/jobpass.yaml",
                "before the broker is started again"
            )
        ],
        variables: [ConfigurationFile.variable],
        exits: StoreCommand.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        Files.setCreationMask(0o077)
        let settings = try ConfigurationFile(invocation).settings
        let backup = invocation.operands[0]
        let key = try StoreCommand.verifierKey(settings)
        let checkpoint =
            switch settings.store {
            case .sqlite(let path): try StoreMove.restore(backup, to: path, verifiedBy: key)
            case .postgresql(let address): try StoreMove.restore(backup, to: address, verifiedBy: key)
            }
        try StoreCommand.show("restored", try OpenedStore.open(settings).location, checkpoint, invocation)
        return .success
    }
}
