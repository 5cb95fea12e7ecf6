internal import Crypto
internal import EventLoop
internal import Ledger
internal import POSIX
internal import Secrets

/// `jobpass secret rewrap`: a new master key.
enum SecretRewrapCommand {
    static let key = Option.value(
        "new-key",
        "FILE",
        "take the master key of this file instead of making one",
        kind: .file
    )

    static let definition = Command(
        name: "rewrap",
        summary: "bring every static secret under a new master key, while the broker runs",
        details: [
            "Makes a master key beside the present one, wraps the key of each secret's version with it, and then puts it in the "
                + "present one's place, which becomes master.key.old. Values are not opened. Jobs read on meanwhile: a running "
                + "broker finds the new key by itself.",
            "What breaks off is gone on with by the same command, and nothing is lost: each version says which key it is "
                + "under, and both keys stay until all are under the new one.",
            "Copy the new master key to where you keep such copies before you remove the old one: there is no other way to "
                + "the secrets. Keep the old one for as long as you keep backups of the store that it opens.",
        ],
        options: [key, ConfigurationFile.option],
        examples: [
            Command.Example("jobpass secret rewrap --config /etc/jobpass/jobpass.yaml", "on the broker's own host")
        ],
        variables: [ConfigurationFile.variable],
        exits: [
            Command.Note("65", "a secret opens with none of the keys at hand; nothing was taken away"),
            Command.Note("78", "the configuration, a key file or the store is wrong"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let configuration = try ConfigurationFile(invocation)
        let change = MasterKeyChange(KeyFiles(configuration.settings))
        let console = Console(invocation.environment)
        try change.begin(from: invocation[key])
        let local = try LocalSecrets(configuration)
        let (from, to) = try change.names()
        console.note("rewrapping from master key \(from) to \(to)")
        let count = try EventLoop.runToCompletion { _ in
            try await rewrap(local, reason: "master key: rewrapping from \(from) to \(to)")
        }
        try change.finish()
        // Whoever sealed in the very moment of the change did so with the former key.
        let late = try EventLoop.runToCompletion { _ in try await local.opened.vault.rewrap().rewrapped }
        try EventLoop.runToCompletion { _ in
            var entry = LocalSecrets.entry(.keyChanged)
            entry.kid = to
            entry.reason = "master key: \(to) has taken the place of \(from); \(count + late) versions rewrapped"
            _ = try await local.opened.ledger.record(entry)
        }
        console.note("rewrapped \(count + late) versions; every secret is under the master key \(to)")
        console.note("copy \(change.files.masterKey) to where you keep such copies, NOW: without it no secret opens")
        console.note(
            "keep \(change.files.oldMasterKey) for as long as you keep backups of the store from before, away from here"
        )
        return .success
    }

    private static func rewrap(_ local: LocalSecrets, reason: String) async throws -> Int {
        var entry = LocalSecrets.entry(.keyChanged)
        entry.reason = reason
        _ = try await local.opened.ledger.record(entry)
        var count = 0
        // A version that was changed in the same moment is found by the next pass.
        for _ in 0..<10 {
            let progress = try await local.opened.vault.rewrap()
            count += progress.rewrapped
            if progress.rewrapped == 0 && progress.missed == 0 { return count }
        }
        throw CommandError(
            .tryAgain,
            "secrets change faster than they can be rewrapped; both keys stay",
            advice: "run it again"
        )
    }
}
