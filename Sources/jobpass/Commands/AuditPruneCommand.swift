internal import Auditing
internal import Crypto
internal import Encoding
internal import EventLoop
internal import Ledger
internal import POSIX
internal import Stores
internal import Time

/// `jobpass audit prune`: the contents of the oldest entries go, their hashes stay.
enum AuditPruneCommand {
    static let before = Option.value(
        "before",
        "TIME",
        "remove the contents of entries older than this: 2026-11-22T09:30:00Z, 2026-11-22, or 400d for that long ago",
        isRequired: true
    )

    static let definition = Command(
        name: "prune",
        summary: "remove the contents of old entries, and keep their hashes",
        details: [
            "Claims, names and reasons of entries older than TIME are removed from the store for good, in whole bundles of 256; "
                + "hash, time, kind and outcome stay, so that every proof over the ledger still holds. The removal is itself "
                + "recorded first; the public keys that the removed entries archived are recorded anew.",
            "It is done on the broker's own host, beside a running broker or without one. Backups and exports are not touched.",
        ],
        options: [before, ConfigurationFile.option],
        examples: [
            Command.Example("jobpass audit prune --before 730d --config /etc/jobpass/jobpass.yaml", "keep two years")
        ],
        variables: [ConfigurationFile.variable],
        exits: [Command.Note("78", "the configuration, a key or the store cannot be used as it is")],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        Files.setCreationMask(0o077)
        guard let moment = try Moment.parse(before, invocation, now: SystemClock.now()) else { return .usage }
        let settings = try ConfigurationFile(invocation).settings
        let opened = try OpenedStore(settings)
        let pruner = LedgerPruner(storage: opened.store)
        let end = try pruner.reach(before: moment)
        let console = Console(invocation.environment)
        guard end > 0 else {
            console.note("no whole bundle of entries is older than \(RFC3339.format(moment)); nothing was removed")
            return .success
        }
        let keys = try pruner.keyEntries(below: end)
        let count = try EventLoop.runToCompletion { _ in
            let trace = Hex.encode(Entropy.bytes(16))
            for old in keys {
                var entry = Entry(.keyChanged, .succeeded, trace: trace)
                entry.issuer = old.issuer
                entry.kid = old.kid
                entry.claims = old.claims
                entry.reason = old.reason
                _ = try await opened.ledger.record(entry)
            }
            var entry = Entry(.ledgerPruned, .succeeded, trace: trace)
            entry.principal = "uid \(ThisProcess.user), with the configuration"
            entry.covered = end
            entry.reason = "contents of the entries before \(RFC3339.format(moment)) are removed"
            return try pruner.prune(below: end, recordedAs: try await opened.ledger.record(entry))
        }
        // What was counted and found by the removed contents goes with them; the index is made again.
        try opened.store.auditIndex().clear()
        try console.result("removed the contents of \(count) entries, up to entry \(end - 1); their hashes are kept\n")
        return .success
    }
}

/// Times as they stand on command lines.
enum Moment {
    /// A time, a day, or how long ago; nil where the option is not given.
    static func parse(_ option: Option, _ invocation: Invocation, now: UnixTime) throws(CommandError) -> UnixTime? {
        guard let text = invocation[option] else { return nil }
        if let ago = try? Duration(parsing: text) { return now - ago }
        if let day = try? RFC3339.parseDate(text) { return day }
        do throws(TimeError) { return try RFC3339.parse(text) } catch {
            throw .usage("\(invocation.label)--\(option.name): \(error), 2026-11-22, or 24h for that long ago")
        }
    }
}
