internal import Configuration
internal import Crypto
internal import EventLoop
internal import Intake
internal import Ledger
internal import POSIX
internal import Secrets
internal import Time

/// `jobpass secret export`: every value, sealed to a passphrase.
enum SecretExportCommand {
    static let output = Option.value(
        "output",
        "FILE",
        "the new file to write, of mode 0600",
        letter: "o",
        kind: .file,
        isRequired: true
    )

    static let definition = Command(
        name: "export",
        summary: "write all values of some contexts into one file, sealed to a passphrase",
        details: [
            "For leaving, or for moving to another broker: 'jobpass secret import' reads the file, and its format is told in "
                + "the README, so that anything with scrypt and AES-256-GCM can. Without CONTEXT all contexts are exported. Whoever "
                + "has the file and the passphrase has every value; the ledger has that it was made.",
            "No administrator can read a value through the broker, so this works on the broker's own host alone, for whoever "
                + "may read the master key.",
        ],
        operands: [Command.Operand("CONTEXT", "a context to export", count: .anyNumber)],
        options: [output, PassphraseInput.file, ConfigurationFile.option],
        examples: [
            Command.Example(
                "jobpass secret export --output secrets.sealed --config /etc/jobpass/jobpass.yaml",
                "everything, the passphrase asked for on the terminal"
            )
        ],
        variables: [ConfigurationFile.variable],
        exits: [
            Command.Note("65", "a value cannot be opened, or the passphrase is too short"),
            Command.Note("74", "the file is there already, or cannot be written"),
            Command.Note("78", "the configuration, a key file or the store is wrong"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let local = try LocalSecrets(try ConfigurationFile(invocation))
        let wanted = invocation.operands
        let contexts = try wanted.isEmpty ? local.settings.contexts : wanted.map { name in try local.known(name) }
        guard let path = invocation[output] else { throw CommandError.usage("\(invocation.label)--output is missing") }
        guard try Files.status(path) == nil else {
            throw CommandError(.inputOutput, "\(path) is there already; nothing was written")
        }
        let passphrase = try PassphraseInput.read(invocation, isNew: true)
        let names = contexts.map(\.name)
        let exported = try EventLoop.runToCompletion { _ in try await read(names, from: local.opened) }
        try Files.writeNew(path, try exported.sealed(by: passphrase))
        let count = exported.contexts.reduce(0) { $0 + $1.values.count }
        Console(invocation.environment).note(
            "exported \(count) secrets of \(names.count) contexts into \(path), sealed to the passphrase"
        )
        return .success
    }

    /// Every value, once the ledger has that they leave.
    private static func read(_ names: [ContextName], from opened: OpenedStore) async throws -> SealedExport {
        var contexts: [SealedExport.Context] = []
        for name in names {
            var entry = LocalSecrets.entry(.secretRead)
            entry.context = name.text
            entry.reason = "exported, sealed to a passphrase"
            _ = try await opened.ledger.record(entry)
            let secrets = try await opened.vault.export(name)
            var values: [Listing.Value] = []
            secrets.withEach { name, bytes in values.append(Listing.Value(name, Array(copying: bytes))) }
            contexts.append(SealedExport.Context(name: name.text, values: values))
        }
        return SealedExport(exported: SystemClock.now(), contexts: contexts)
    }
}
