internal import Configuration
internal import Crypto
internal import EventLoop
internal import Ledger
internal import POSIX
internal import Stores
internal import Time

/// `jobpass audit generate`, hidden: fills a ledger with made-up entries, to try and measure things on many of them.
enum AuditGenerateCommand {
    static let over = Option.value("over", "DURATION", "the time over which they are spread, up to now; 90d by default")

    static let definition = Command(
        name: "generate",
        summary: "fill a new store with made-up entries, for tests and measurements",
        details: [
            "Makes the store that the configuration names, which must not be there, with its ledger's key; the same N gives "
                + "the same entries but for salts."
        ],
        operands: [Command.Operand("N", "how many entries")],
        options: [over, ConfigurationFile.option],
        examples: [Command.Example("jobpass audit generate 1000000 --config jobpass.yaml", "a million entries")],
        variables: [ConfigurationFile.variable],
        body: .action(run),
        isHidden: true
    )

    /// Entries of one commit.
    private static let batch = 4_096

    static func run(_ invocation: Invocation) throws -> ExitCode {
        guard let count = Int(invocation.operands[0]), (1...1_000_000_000).contains(count) else {
            throw CommandError.usage("\(invocation.label)N: '\(invocation.operands[0])' is no number of entries")
        }
        Files.setCreationMask(0o077)
        let span = try invocation.duration(over) ?? .seconds(90 * 86_400)
        let settings = try ConfigurationFile(invocation).settings
        let files = KeyFiles(settings)
        let path = OpenedStore.path(settings)
        let start = SystemClock.now() - span
        try SQLiteStore.create(path: path, identity: Entropy.bytes(32), at: start)
        let clock = SteppingClock(start)
        let surroundings = Ledger.Surroundings(
            storage: try SQLiteStore(opening: path),
            signer: try CheckpointSigner(name: try KeyName(settings.ledger.origin), key: try files.checkpointKey()),
            clock: { clock.now },
            entropy: Entropy.bytes
        )
        try Ledger.create(in: surroundings)
        let ledger = try Ledger.open(in: surroundings)
        let step = span.wholeMilliseconds
        try EventLoop.runToCompletion { _ in
            var made = 0
            while made < count {
                let end = min(count, made + batch)
                clock.set(
                    start
                        + .milliseconds(
                            step / Int64(count) * Int64(made) + step % Int64(count) * Int64(made) / Int64(count)
                        )
                )
                _ = try await ledger.record(batch: (made..<end).map(MadeUpEntries.entry))
                made = end
            }
        }
        ledger.close()
        Console(invocation.environment).note("\(path): \(count) entries")
        return .success
    }
}
