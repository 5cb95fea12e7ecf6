internal import Auditing
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
    static let append = Option.flag("append", "put them behind the entries of the store that is there, as of now")
    static let batch = Option.value("batch", "N", "how many entries are committed at once; 4096 by default")

    static let definition = Command(
        name: "generate",
        summary: "fill a store with made-up entries, for tests and measurements",
        details: [
            "Makes the store that the configuration names, which must not be there, with its ledger's key, and indexes it as a "
                + "broker would; the same N gives the same entries but for salts. Each line on standard output says how many "
                + "entries there are, and that they were committed."
        ],
        operands: [Command.Operand("N", "how many entries")],
        options: [over, append, batch, ConfigurationFile.option],
        examples: [Command.Example("jobpass audit generate 1000000 --config jobpass.yaml", "a million entries")],
        variables: [ConfigurationFile.variable],
        body: .action(run),
        isHidden: true
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        guard let count = Int(invocation.operands[0]), (1...1_000_000_000).contains(count) else {
            throw CommandError.usage("\(invocation.label)N: '\(invocation.operands[0])' is no number of entries")
        }
        Files.setCreationMask(0o077)
        let settings = try ConfigurationFile(invocation).settings
        let size = try invocation.integer(batch, in: 1...65_536) ?? 4_096
        let span = try invocation.duration(over) ?? .seconds(90 * 86_400)
        let filling =
            invocation.has(append) ? try Filling(appendingTo: settings) : try Filling(making: settings, over: span)
        let index = AuditIndex(storage: try filling.store.auditIndex(), of: filling.store)
        try EventLoop.runToCompletion { _ in
            let keeper = try WorkerThread()
            defer { keeper.stop() }
            let indexing = Task(executorPreference: keeper) { try Self.keep(index) }
            try await filling.fill(count, in: Int(size))
            indexing.cancel()
            try await indexing.value
        }
        filling.ledger.close()
        Console(invocation.environment).note("\(filling.store.location): \(count) entries")
        return .success
    }

    /// Indexes what there is until it is cancelled and nothing is left to index.
    private static func keep(_ index: AuditIndex) throws(LedgerError) {
        while true {
            let isLast = Task.isCancelled
            guard try !index.advance() else { continue }
            if isLast { return }
            WorkerThread.pause(for: .milliseconds(5))
        }
    }
}

/// A store that is being filled.
private struct Filling {
    let store: any BrokerStore
    let ledger: Ledger
    private let first: Int
    /// The time of the first entry and how long they go on; nil where each is of now.
    private let clock: SteppingClock?
    private let span: Duration

    init(making settings: Settings, over span: Duration) throws {
        let start = SystemClock.now() - span
        try OpenedStore.create(settings, at: start)
        let clock = SteppingClock(start)
        store = try OpenedStore.open(settings)
        let signer = try CheckpointSigner(
            name: try KeyName(settings.ledger.origin),
            key: try KeyFiles(settings).checkpointKey()
        )
        let surroundings = Ledger.Surroundings(
            storage: store,
            signer: signer,
            clock: { clock.now },
            entropy: Entropy.bytes
        )
        try Ledger.create(in: surroundings)
        ledger = try Ledger.open(in: surroundings)
        first = 0
        self.clock = clock
        self.span = span
    }

    init(appendingTo settings: Settings) throws {
        let opened = try OpenedStore(settings)
        store = opened.store
        ledger = opened.ledger
        first = Int(clamping: try opened.store.head()?.size ?? 0)
        clock = nil
        span = .zero
    }

    /// Records so many entries, and says after each commit how many there are.
    func fill(_ count: Int, in batch: Int) async throws {
        let start = clock?.now ?? UnixTime(milliseconds: 0)
        var made = 0
        while made < count {
            let end = min(count, made + batch)
            let step = span.wholeMilliseconds / Int64(count)
            let rest = span.wholeMilliseconds % Int64(count)
            clock?.set(start + .milliseconds(step * Int64(made) + rest * Int64(made) / Int64(count)))
            _ = try await ledger.record(batch: (first + made..<first + end).map(MadeUpEntries.entry))
            made = end
            try StandardOutput.write("\(first + made)\n")
        }
    }
}
