internal import Broker
internal import Configuration
internal import Crypto
internal import Encoding
internal import EventLoop
internal import HTTP
internal import JSON
internal import Ledger
internal import POSIX
internal import Time
internal import Tokens

/// Where `jobpass keys` does its work: at a broker, or at the keys of this host.
struct KeyDesk {
    private let invocation: Invocation
    private let isLocal: Bool

    /// Finds which of the two a call means.
    ///
    /// - Throws: `CommandError` where both are named.
    init(_ invocation: Invocation) throws(CommandError) {
        self.invocation = invocation
        let isConfigured = invocation[ConfigurationFile.option] != nil
        guard !isConfigured || invocation[BrokerOptions.url] == nil else {
            throw CommandError.usage("\(invocation.label)--url and --config: give one of them")
        }
        let namesBroker =
            invocation[BrokerOptions.url] != nil
            || invocation.environment.nonEmpty(BrokerOptions.urlVariable.name) != nil
        isLocal = isConfigured || !namesBroker
    }

    func list() throws -> JSON {
        guard isLocal else {
            return try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
                try await broker.call(.get, ["v1", "keys"])
            }
        }
        return try locally { office, _ throws(Problem) in try await office.list() }
    }

    /// Makes new keys, in every ring where none is named.
    func prepare(_ algorithms: [SignatureAlgorithm], _ rings: [IssuerRing]?) throws -> JSON {
        guard isLocal else {
            var body = JSONObject()
            if let rings { body["rings"] = .array(rings.map { .string($0.rawValue) }) }
            if !algorithms.isEmpty { body["algorithms"] = .array(algorithms.map { .string($0.rawValue) }) }
            let asked = JSON.object(body)
            return try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
                try await broker.call(.post, ["v1", "keys", "prepare"], body: .json(asked))
            }
        }
        let settings = try ConfigurationFile(invocation).settings
        let known = KeyFiles(settings).rings
        if let unknown = rings?.first(where: { !known.contains($0) }) {
            throw CommandError.usage(
                "\(invocation.label)--ring: there is no '\(unknown)'",
                advice: "the configuration has \(known.map(\.rawValue).joined(separator: ", "))"
            )
        }
        return try make(.prepare(algorithms.isEmpty ? settings.keys.algorithms : algorithms, rings ?? known))
    }

    /// Makes a change to one key; `verb` is the last part of its path.
    func change(_ verb: String, _ change: KeyChange) throws -> JSON {
        guard isLocal else {
            let kid = invocation.operands[0]
            let isPatient = invocation.has(KeysCommand.whenReady)
            return try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
                try await broker.call(
                    .post,
                    ["v1", "keys", kid, verb],
                    query: isPatient ? Form([Form.Field("when_ready", "true")]) : Form()
                )
            }
        }
        return try make(change)
    }

    private func make(_ change: KeyChange) throws -> JSON {
        try locally { office, loop throws(Problem) in
            try await office.change(change, by: nil, trace: Hex.encode(Entropy.identifier())) {
                try? await loop.sleep(for: .milliseconds(50))
            }
        }
    }

    private func locally(
        _ body: @escaping @Sendable (KeyOffice, EventLoop) async throws(Problem) -> JSON
    ) throws -> JSON {
        let settings = try ConfigurationFile(invocation).settings
        let opened = try OpenedStore(settings)
        defer { opened.ledger.close() }
        let thread = try WorkerThread()
        defer { thread.stop() }
        let office = KeyOffice(
            KeyOffice.Parts(
                storage: opened.keys.storage(settings),
                executor: thread,
                ledger: opened.ledger,
                clock: SystemClock.now
            ),
            try KeyKeeper.terms(settings)
        )
        return try EventLoop.runToCompletion { loop in
            do throws(Problem) {
                return try await body(office, loop)
            } catch {
                throw CommandError(BrokerRefusal.exit(forStatus: error.status), error.detail ?? error.reason)
            }
        }
    }
}
