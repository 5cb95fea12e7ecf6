import Auditing
import Broker
import Configuration
import Crypto
import Encoding
import Exchange
import HTTP
import JSON
import Ledger
import Locks
import Logs
import Runs
import Secrets
import Support
import Testing
import Time
import Tokens

/// A whole broker in memory: real modules, a ledger that is checked after every step, and a scripted cloud.
struct BrokerHarness {
    private(set) var broker: Broker
    let book: LedgerHarness
    let storage: MemoryLedgerStorage
    let faults: FaultyLedgerStorage
    let runs: MemoryRunStorage
    let revocations: MemoryRevocationStorage
    let secrets: MemorySecretStorage
    let network: FakeTransport
    let time: TestTime
    let lines: Lines
    private let settings: Settings
    private let keys: FixedMasterKeys

    static let orchestrator = "token-of-the-runner-fleet"
    static let administrator = "token-of-the-administrator"
    static let auditor = "token-of-the-auditor"

    /// What the broker logged.
    final class Lines: Sendable {
        private let text = Lock("")
        var all: String { text.withLock { $0 } }
        func add(_ bytes: [UInt8]) { text.withLock { $0 += String(decoding: bytes, as: UTF8.self) } }
    }

    /// Made once, as an RSA key takes longer than all the rest.
    private static let trusted = Result { try IssuerKeys.generate(for: [.rs256, .es256]) }
    private static let further = Result { try IssuerKeys.generate(for: [.rs256, .es256]) }
    private static let untrusted = Result { try IssuerKeys.generate(for: [.rs256, .es256]) }

    /// Makes a broker over a scripted network; `targets` go in front of the others, `extra` behind all.
    init(
        _ script: [FakeTransport.Reply] = [],
        targets: String = "",
        extra: String = "",
        principals: String = "",
        tls: String = "",
        audiences: String = "",
        budget: String? = nil
    ) async throws {
        let parts = Self.configuration.split(separator: "targets:\n", maxSplits: 1)
        var text = "\(parts[0])targets:\n\(targets)\(parts[1])\(extra)"
        text.replace("audiences:\n", with: "\(principals)\(tls)audiences:\n\(audiences)")
        if let budget { text.replace("not migrated yet}", with: "not migrated yet, budget: \(budget)}") }
        let settings = try Configuration.parse(Array(text.utf8), file: "/test/jobpass.yaml")
        storage = MemoryLedgerStorage()
        faults = FaultyLedgerStorage(storage)
        revocations = MemoryRevocationStorage()
        book = try LedgerHarness(storage: faults, mark: revocations)
        try book.create()
        time = TestTime()
        network = FakeTransport(script.isEmpty ? [.failing(.connection)] : script, time: time)
        runs = MemoryRunStorage()
        secrets = MemorySecretStorage()
        lines = Lines()
        keys = FixedMasterKeys(MasterKey.generate())
        self.settings = settings
        broker = try Self.broker(
            settings,
            book: book,
            audited: faults,
            runs: RunRegistry(
                storage: runs,
                executor: globalConcurrentExecutor,
                entropy: Entropy.bytes,
                clock: book.clock.wall
            ),
            revocations: Self.list(revocations, book),
            secrets: try SecretVault(
                storage: secrets,
                keys: keys,
                clock: book.clock.wall,
                executor: globalConcurrentExecutor
            ),
            lines: lines
        )
    }

    private static func list(_ storage: MemoryRevocationStorage, _ book: LedgerHarness) -> Revocations {
        Revocations(
            storage: storage,
            executor: globalConcurrentExecutor,
            entropy: Entropy.bytes,
            clock: book.clock.wall
        )
    }

    /// The same broker after a restart: what was in its memory is gone.
    func restarted() async throws -> BrokerHarness {
        let runs = RunRegistry(
            storage: runs,
            executor: globalConcurrentExecutor,
            entropy: Entropy.bytes,
            clock: book.clock.wall
        )
        try await runs.load()
        let list = Self.list(revocations, book)
        try await list.refresh()
        let broker = try Self.broker(
            settings,
            book: book,
            audited: faults,
            runs: runs,
            revocations: list,
            secrets: try SecretVault(
                storage: secrets,
                keys: keys,
                clock: book.clock.wall,
                executor: globalConcurrentExecutor
            ),
            lines: lines
        )
        return BrokerHarness(self, broker)
    }

    private init(_ other: BrokerHarness, _ broker: Broker) {
        self = other
        self.broker = broker
    }

    private static func broker(
        _ settings: Settings,
        book: LedgerHarness,
        audited: any LedgerStorage,
        runs: RunRegistry,
        revocations: Revocations,
        secrets: SecretVault,
        lines: Lines
    ) throws -> Broker {
        let clock = book.clock.wall
        let url = try Tokens.IssuerURL(settings.issuer.url)
        return Broker(
            Broker.Parts(
                runs: runs,
                revocations: revocations,
                ledger: try book.open(),
                secrets: secrets,
                audit: AuditLog(storage: audited),
                auditExecutor: globalConcurrentExecutor,
                clock: clock,
                log: Log(level: .debug, format: .text, clock: clock) { lines.add($0) }
            ),
            standing: Standing(settings, issuers: try issuers(settings, at: url), clock: clock)
        )
    }

    private static func issuers(_ settings: Settings, at url: Tokens.IssuerURL) throws -> IssuerSet {
        let others = try settings.issuers.map { entry in
            let own = url.at(path: entry.path)
            let pair = IssuerSet.Pair(
                trusted: Issuer(url: own, keys: try further.get(), isShut: entry.isShut),
                untrusted: Issuer(url: own.untrusted, keys: try further.get(), isShut: entry.isShut)
            )
            return (name: entry.name, path: entry.path, pair: pair)
        }
        return IssuerSet(
            own: IssuerSet.Pair(
                trusted: Issuer(url: url, keys: try trusted.get()),
                untrusted: Issuer(url: url.untrusted, keys: try untrusted.get())
            ),
            others: others
        )
    }

    /// Sends a request, and checks the whole ledger afterwards.
    func send(
        _ method: HTTPMethod,
        _ target: String,
        as bearer: String? = nil,
        body: String = "",
        fields: HTTPFields = [:],
        certificate: PeerCertificate? = nil,
        from address: String = "192.0.2.7",
        checks: Bool = true,
        over transport: (any Transport)? = nil
    ) async throws -> Answer {
        var fields = fields
        if let bearer { fields.append("Authorization", "Bearer \(bearer)") }
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        let request = HTTPRequest(
            method: method,
            path: parts[0],
            query: parts.count > 1 ? parts[1] : "",
            fields: fields,
            body: Array(body.utf8),
            peer: HTTPPeer(address: address, certificate: certificate)
        )
        let response = await broker.answer(request, over: transport ?? network, pacing: time.pacing())
        // While others write, what is read is not of one moment.
        if !checks { return Answer(response: response) }
        _ = try LedgerChecker(storage: storage, key: book.signer.verifier).check()
        return Answer(response: response)
    }

    /// Ends what runs hold that are over, as a broker does from time to time.
    func sweep() async { await broker.sweepHoldings(over: network, pacing: time.pacing(), trace: "sweep") }

    /// Registers a run on a branch, and gives its request token.
    func run(ref: String = "refs/heads/main", trust: String = "trusted") async throws -> (token: String, id: String) {
        let body = """
            {"project": "acme/web", "workflow": "deploy", "job": "release", "ref": "\(ref)", "trust": "\(trust)"}
            """
        let answer = try await send(.post, "/v1/runs", as: Self.orchestrator, body: body)
        return (try #require(answer.json["request_token"]?.asString), try #require(answer.json["id"]?.asString))
    }

    /// The kinds of all entries, in order.
    var recorded: [String] { get throws { try entries.map(\.kind.rawValue) } }

    /// All entries, in order.
    var entries: [Entry] {
        get throws {
            let size = storage.snapshot.head?.size ?? 0
            return try storage.entries(in: 0..<size).map { try Leaf(bytes: $0.bytes).entry }
        }
    }

    static let configuration = """
        issuer: https://ci.example.com
        store: sqlite:jobpass.db
        keys: {directory: keys, algorithms: [RS256, ES256]}
        principals:
          - name: fleet
            role: orchestrator
            projects: ["acme/*"]
            claims: [team]
            token_sha256: \(SHA256.hash(orchestrator).hex)
          - {name: admin, role: administrator, token_sha256: \(SHA256.hash(administrator).hex)}
          - {name: audit, role: auditor, token_sha256: \(SHA256.hash(auditor).hex)}
        audiences:
          - {audience: https://service.example.com, allow: [{project: "acme/*", ref: refs/heads/main}], algorithm: ES256}
        targets:
          bao:
            type: vault
            address: https://bao.example.com
            role: deploy
            audience: https://bao.example.com
            allow: [{project: acme/web, ref: refs/heads/main}]
            fallback: {context: legacy, until: 2030-01-31, reason: not migrated yet}
          bare: {type: none, audience: https://k8s.example.com, allow: [{project: acme/web}]}
        contexts:
          legacy: {allow: [{project: acme/web, ref: refs/heads/main}]}

        """
}

/// An answer, with its body read.
struct Answer {
    let response: HTTPResponse

    var status: Int { response.status }
    var text: String { String(decoding: response.body, as: UTF8.self) }
    var json: JSON { (try? JSON.parse(response.body)) ?? .null }
}
