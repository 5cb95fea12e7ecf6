internal import Broker
internal import Crypto
internal import Encoding
internal import EventLoop
internal import Exchange
internal import HTTP
internal import HTTPClient
internal import JSON
internal import Ledger
internal import Text
internal import Time

/// Where `jobpass revoke` does its work: at a broker, or in the store of this host.
struct RevocationDesk {
    private let invocation: Invocation
    private let isLocal: Bool

    /// Ends thousands of runs, each recorded, and asks the ledger about them.
    private static let patience = Duration.seconds(300)

    /// Finds which of the two a call means.
    ///
    /// - Throws: `CommandError` where both are named.
    init(_ invocation: Invocation) throws(CommandError) {
        self.invocation = invocation
        isLocal = invocation[ConfigurationFile.option] != nil
        guard !isLocal || invocation[BrokerOptions.url] == nil else {
            throw CommandError.usage("\(invocation.label)--url and --config: give one of them")
        }
    }

    func revoke(_ wish: JSON) throws -> JSON {
        guard isLocal else { return try remotely(.post, [], body: wish) }
        return try locally { broker, loop throws(Problem) in
            try await broker.revoke(
                try Broker.wish(wish, at: SystemClock.now()),
                by: nil,
                from: nil,
                trace: Hex.encode(Entropy.identifier()),
                over: HTTPClient(on: loop),
                pacing: Pacing(on: loop)
            )
        }
    }

    func list() throws -> JSON {
        guard isLocal else { return try remotely(.get, []) }
        return try locally { broker, _ throws(Problem) in try await broker.revocationList() }
    }

    /// Lifts every revocation of exactly this project.
    ///
    /// - Throws: `CommandError` where there is none.
    func lift(project: String) throws -> JSON {
        let found = (try list()["revocations"]?.asArray ?? []).filter { $0["project"] == .string(project) }
        let ids = found.compactMap { $0["id"]?.asString }
        guard !ids.isEmpty else {
            throw CommandError(
                .badData,
                "project '\(project.madeVisible)' is not revoked",
                advice: "see what is: jobpass revoke --list"
            )
        }
        for id in ids {
            guard isLocal else {
                _ = try remotely(.delete, [id])
                continue
            }
            _ = try locally { broker, _ throws(Problem) in
                try await broker.lift(id, by: nil, from: nil, trace: Hex.encode(Entropy.identifier()))
            }
        }
        return ["lifted": .array(ids.map(JSON.string))]
    }

    private func remotely(_ method: HTTPMethod, _ path: [String], body: JSON? = nil) throws -> JSON {
        try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await broker.call(
                method,
                ["v1", "revocations"] + path,
                body: body.map { .json($0) },
                within: Self.patience
            )
        }
    }

    private func locally(
        _ body: @escaping @Sendable (Broker, EventLoop) async throws(Problem) -> JSON
    ) throws -> JSON {
        let local = try LocalBroker(try ConfigurationFile(invocation).settings, log: LocalBroker.log)
        defer { local.opened.ledger.close() }
        return try EventLoop.runToCompletion { loop in
            do throws(Problem) {
                return try await body(local.broker, loop)
            } catch {
                throw CommandError(BrokerRefusal.exit(forStatus: error.status), error.detail ?? error.reason)
            }
        }
    }
}
