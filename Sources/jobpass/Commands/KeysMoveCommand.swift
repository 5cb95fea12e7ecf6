internal import Broker
internal import Configuration
internal import Crypto
internal import Encoding
internal import EventLoop
internal import JSON
internal import Keystores
internal import Ledger
internal import POSIX
internal import Tokens

/// `jobpass keys move`: the issuers' keys go from files into the store.
enum KeysMoveCommand {
    static let definition = Command(
        name: "move",
        summary: "bring the issuers' keys from files into the store, sealed under the master key",
        details: [
            "For several brokers: write 'place: store' under 'keys', stop the broker, move, and start it again; then start others with "
                + "the same store, ledger.pem and master.key. Keys and their lives stay what they are, so that nobody who trusts them "
                + "notices. Each key is in the ledger and in the store, and was read back from there, before its file is removed.",
            "Broken off, it is simply run again. On the host of another broker that had copies of the same files it removes them. "
                + "Backups of the directory hold the keys as before: destroy them.",
        ],
        options: [ConfigurationFile.option],
        examples: [
            Command.Example("jobpass keys move --config /etc/jobpass/jobpass.yaml", "on the broker's own host")
        ],
        variables: [ConfigurationFile.variable],
        exits: [
            Command.Note("78", "the configuration keeps keys in files, or the store has other keys than the files"),
            Command.Note("75", "another change of keys is under way"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let settings = try ConfigurationFile(invocation).settings
        guard settings.keys.place != .files else {
            throw CommandError(
                .configuration,
                "the configuration keeps the issuers' keys in files",
                advice: "write 'place: store' under 'keys' first"
            )
        }
        Files.setCreationMask(0o077)
        let files = KeyFiles(settings)
        let opened = try OpenedStore(settings)
        defer { opened.ledger.close() }
        guard case .store(let vault) = opened.keys else { return .success }
        guard let lock = try files.lock() else {
            throw CommandError(.tryAgain, "another change of keys is under way", advice: "run it again")
        }
        var count = 0
        for ring in files.rings {
            guard try Files.status(files.directory(of: ring)) != nil else {
                _ = try vault.ring(ring)
                continue
            }
            let keys = try files.allKeys(of: ring)
            try bring(keys, of: ring, from: files, to: vault, opened, issuer: try issuer(of: ring, settings))
            try files.removeAll(of: ring)
            count += keys.count
        }
        withExtendedLifetime(lock) {}
        let console = Console(invocation.environment)
        console.note(
            count == 0
                ? "no key is in a file any more" : "moved \(count) keys; they are in the store, sealed, and in no file"
        )
        return .success
    }

    /// Puts keys into the store where they are not there yet, and reads them back.
    private static func bring(
        _ keys: [IssuerKey],
        of ring: IssuerRing,
        from files: KeyFiles,
        to vault: KeyVault,
        _ opened: OpenedStore,
        issuer: String
    ) throws {
        if try !vault.has(ring) {
            try EventLoop.runToCompletion { _ in
                for key in keys {
                    var entry = LocalSecrets.entry(.keyChanged)
                    entry.issuer = issuer
                    entry.kid = key.kid
                    entry.claims = JSON.object(["jwk": key.jwk.json]).serialized()
                    entry.reason = "moved from a file into the store, where it is sealed under the master key"
                    _ = try await opened.ledger.record(entry)
                }
            }
            try vault.found(ring, keys, removed: try files.lives(of: ring)?.removed ?? [])
        }
        // Not what was just written from memory: what the store gives back is what brokers will have.
        let stored = try vault.ring(ring)
        let missing = keys.filter { key in
            !stored.removed.contains(key.kid) && !stored.keys.contains { $0.kid == key.kid }
        }
        guard missing.isEmpty else {
            throw CommandError(
                .configuration,
                "the ring '\(ring)' of \(vault) has not the key \(missing[0].kid) of \(files.directory(of: ring)); no file of it was removed",
                advice: "if these files are of another broker, move them away; else see 'jobpass keys list'"
            )
        }
    }

    private static func issuer(of ring: IssuerRing, _ settings: Settings) throws -> String {
        try KeyKeeper.terms(settings).issuer(of: ring).text
    }
}

extension KeyFiles {
    /// Destroys a ring's files; what is none of ours stays, and its directory with it.
    fileprivate func removeAll(of ring: IssuerRing) throws {
        let directory = directory(of: ring)
        for name in try Files.list(directory) where name.hasSuffix(".pem") || name == "life.json" {
            try Files.remove(Paths.join(directory, name))
        }
        if try Files.list(directory).isEmpty { try Files.removeTree(directory) }
    }
}
