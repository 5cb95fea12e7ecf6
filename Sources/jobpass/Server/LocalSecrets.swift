internal import Configuration
internal import Crypto
internal import Encoding
internal import EventLoop
internal import Ledger
internal import POSIX
internal import Secrets

/// An administrator's work on static secrets on the broker's own host, in its store, beside the broker or without it.
///
/// Whoever may read the master key needs nobody's leave; the ledger still records each change before it comes about, with
/// the number of the user in place of a principal.
struct LocalSecrets: Sendable {
    private let opened: OpenedStore
    private let contexts: [ContextName]
    private let path: String

    /// Opens the store of a configuration.
    init(_ configuration: ConfigurationFile) throws {
        Files.setCreationMask(0o077)
        opened = try OpenedStore(configuration.settings)
        contexts = configuration.settings.contexts
        path = configuration.path
    }

    /// Sets a new version of a secret, and returns its number.
    func set(_ value: [UInt8], of name: String, in context: String) throws -> UInt64 {
        let context = try known(context)
        guard let name = EnvironmentName(name) else {
            throw CommandError(
                .badData,
                "'\(name)' is no name of a secret",
                advice: "it is the variable under which a job finds it: letters, digits and _, no digit first"
            )
        }
        return try EventLoop.runToCompletion { _ in
            var entry = Entry(.secretChanged, .succeeded, trace: Hex.encode(Entropy.bytes(16)))
            entry.principal = "uid \(ThisProcess.user), with the configuration"
            let sealed = try await opened.vault.prepareSet(
                SecretBytes(copying: value),
                of: name,
                in: context,
                recordedAs: entry
            )
            let version = sealed.entry.version ?? 0
            try await opened.vault.apply(try await opened.ledger.record(sealed))
            return version
        }
    }

    /// What is known of a context's secrets, deleted ones included.
    func list(_ context: String) throws -> [SecretSummary] {
        let context = try known(context)
        return try EventLoop.runToCompletion { _ in try await opened.vault.list(context) }
    }

    private func known(_ text: String) throws(CommandError) -> ContextName {
        if let context = contexts.first(where: { $0.text == text }) { return context }
        let names = contexts.map(\.text)
        throw CommandError(
            .badData,
            "\(path) has no context '\(text)'\(names.isEmpty ? "" : ", only \(names.joined(separator: ", "))")",
            advice: "add it under contexts, with a rule about who may read it"
        )
    }
}
