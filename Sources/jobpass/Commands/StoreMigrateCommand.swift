internal import Configuration
internal import Crypto
internal import JSON
internal import Ledger
internal import POSIX
internal import Postgres
internal import Stores

/// `jobpass store migrate`: a store moves to a database that several brokers can share.
enum StoreMigrateCommand {
    static let from = Option.value("from", "STORE", "sqlite:PATH; the configuration's store by default")
    static let to = Option.value("to", "STORE", "postgresql://…, a database without a store", isRequired: true)

    static let definition = Command(
        name: "migrate",
        summary: "move a store into a PostgreSQL database, for several brokers",
        details: [
            "Everything goes over byte for byte, and the ledger is verified on the other side. The broker may go on working: most is "
                + "copied meanwhile, and for the last of it requests wait or get 503. In the end the old store takes no more entries, "
                + "so that there are never two ledgers: its broker answers 503 until it is started with the new 'store' line. The old "
                + "store keeps where it went, and goes nowhere else.",
            "Keep the old file until you have seen the new brokers work. No 'audit prune' may run meanwhile.",
        ],
        options: [from, to, ConfigurationFile.option, .json],
        examples: [
            Command.Example(
                "jobpass store migrate --from sqlite:/var/lib/jobpass/jobpass.db --to "
                    + "'postgresql://jobpass@db.example.com/jobpass?sslmode=verify-full&passfile=/etc/jobpass/pgpass'",
                "then write the same line behind 'store:' and start the brokers"
            )
        ],
        variables: [ConfigurationFile.variable],
        exits: StoreCommand.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let settings = try ConfigurationFile(invocation).settings
        let path = try origin(invocation, settings)
        let address: PostgresAddress
        do throws(PostgresError) { address = try PostgresAddress(invocation[to] ?? "") } catch {
            throw CommandError.usage("\(invocation.label)--to: \(error.message)")
        }
        let console = Console(invocation.environment)
        if let exposure = address.exposure { console.note("--to: \(exposure)") }
        let key = try StoreCommand.verifierKey(settings)
        let migration = try StoreMove.migrate(from: path, to: address, verifiedBy: key) {
            console.note("\(path) takes no more entries from now on; should this fail, run it again with the same --to")
        }
        let store = try PostgresStore(opening: address)
        let checkpoint = try LedgerVerifier(storage: store, key: key).verify()
        if migration == .done, try store.head() != SQLiteStore(opening: path).head() {
            throw CommandError(.badData, "\(store.location) does not end as \(path) does: keep both, and use neither")
        }
        try StoreCommand.show(migration == .done ? "moved" : "moved before", store.location, checkpoint, invocation)
        return .success
    }

    /// The path of the store that is to be moved.
    private static func origin(_ invocation: Invocation, _ settings: Settings) throws(CommandError) -> String {
        if let given = invocation[from] {
            guard given.hasPrefix("sqlite:"), given.utf8.count > 7 else {
                throw .usage("\(invocation.label)--from: '\(given.prefix(16))' is no SQLite store; write sqlite:PATH")
            }
            return String(given.dropFirst(7))
        }
        guard case .sqlite(let path) = settings.store else {
            throw .usage(
                "\(invocation.label)--from is missing: the configuration's store is none of SQLite",
                advice: "write --from sqlite:PATH"
            )
        }
        return path
    }
}
