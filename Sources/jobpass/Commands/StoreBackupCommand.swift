internal import Configuration
internal import Crypto
internal import JSON
internal import Ledger
internal import POSIX
internal import Postgres
internal import Stores

/// `jobpass store backup FILE`: a copy of the store, made while brokers go on working.
enum StoreBackupCommand {
    static let definition = Command(
        name: "backup",
        summary: "keep a verified copy of the store in a file, while brokers go on working",
        details: [
            "The copy is the store at one moment: every entry committed before is in it, and with it every token that anyone has "
                + "got. It is a SQLite store, whatever the store is, with mode 0600, and is verified from its first entry to its last "
                + "before this ends; 'audit verify' with a configuration that names it does so again.",
            "Keys are not in it: copy keys/, and the master key to another place, or secrets cannot be opened again.",
        ],
        operands: [Command.Operand("FILE", "where to put it; it must not be there", kind: .file)],
        options: [ConfigurationFile.option, .json],
        examples: [
            Command.Example("jobpass store backup /var/backups/jobpass-$(date +%F).db", "from cron, once a day")
        ],
        variables: [ConfigurationFile.variable],
        exits: StoreCommand.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        Files.setCreationMask(0o077)
        let settings = try ConfigurationFile(invocation).settings
        let path = invocation.operands[0]
        let checkpoint = try StoreMove.backUp(
            try OpenedStore.open(settings),
            to: path,
            verifiedBy: try StoreCommand.verifierKey(settings)
        )
        try StoreCommand.show("backed up", path, checkpoint, invocation)
        return .success
    }
}
