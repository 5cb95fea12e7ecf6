import Auditing
import Broker
import Configuration
import Crypto
import Encoding
import Exchange
import HTTP
import Intake
import JSON
import Ledger
import Locks
import Logs
import POSIX
import Runs
import Secrets
import Stores
import Support
import Testing
import Time
import Tokens

/// A cloud that logs everybody in, but while it is out.
private final class Cloud: Transport {
    private let out = Lock<Set<String>>([])

    /// Which of its addresses do not answer.
    func setOut(_ names: Set<String>) { out.withLock { $0 = names } }

    func send(_ request: OutgoingRequest) async throws(TransportError) -> HTTPResponse {
        let host = request.url.split(separator: "/")[1]
        guard !out.withLock({ names in names.contains { host.hasPrefix($0) } }) else {
            throw TransportError(.connection, endpoint: request.url, reason: "the cloud is out")
        }
        let body = #"{"auth": {"client_token": "s.X", "policies": ["p"], "lease_duration": 600, "renewable": true}}"#
        return HTTPResponse(status: 200, body: Array(body.utf8))
    }
}

/// A team's quarter, lived through in the past: from the first day's import to today's report.
private struct Quarter {
    static let days: Int64 = 91
    static let groups = 8
    static let perGroup = 25

    let scratch: ScratchDirectory
    let clock: TestClock
    let broker: Broker
    let cloud = Cloud()
    /// What retries and breakers see pass, day by day.
    let time = TestTime()
    private let trusted: IssuerKeys

    var configuration: String { scratch.file("jobpass.yaml") }

    init() async throws {
        let scratch = try ScratchDirectory()
        let turned = TestClock(SystemClock.now() - .seconds(Self.days * 86_400))
        let configuration = scratch.file("jobpass.yaml")
        try Files.writeNew(configuration, Array(Self.text(isFederated: false).utf8))
        let made = try BuiltCommand.run(["init", "--config", configuration])
        try #require(made.code == 0, "\(made.error)")
        // The store as it was a quarter ago: its ledger takes no entry from before its own beginning.
        for name in try Files.list(scratch.path) where name.hasPrefix("jobpass.db") {
            try Files.remove(scratch.file(name))
        }
        try SQLiteStore.create(path: scratch.file("jobpass.db"), identity: Entropy.bytes(32), at: turned.now)
        let store = try SQLiteStore(opening: scratch.file("jobpass.db"))
        let settings = try Configuration.load(configuration)
        let clock = turned.wall
        let surroundings = Ledger.Surroundings(
            storage: store,
            signer: try CheckpointSigner(
                name: try KeyName(settings.ledger.origin),
                key: try SigningKey(pem: SecretBytes(copying: Files.read(scratch.file("keys/ledger.pem"))))
            ),
            clock: clock,
            entropy: Entropy.bytes
        )
        try Ledger.create(in: surroundings)
        let key = try MasterKey(file: SecretBytes(copying: Files.read(scratch.file("keys/master.key"))))
        let trusted = try IssuerKeys.generate(for: [.es256])
        self.scratch = scratch
        self.clock = turned
        self.trusted = trusted
        broker = Broker(
            Broker.Parts(
                runs: RunRegistry(
                    storage: store,
                    executor: globalConcurrentExecutor,
                    entropy: Entropy.bytes,
                    clock: clock
                ),
                revocations: Revocations(
                    storage: store,
                    executor: globalConcurrentExecutor,
                    entropy: Entropy.bytes,
                    clock: clock
                ),
                ledger: try Ledger.open(in: surroundings),
                secrets: try SecretVault(
                    storage: store,
                    keys: FixedMasterKeys(key),
                    clock: clock,
                    executor: globalConcurrentExecutor
                ),
                audit: AuditLog(storage: store),
                auditExecutor: globalConcurrentExecutor,
                clock: clock,
                log: Log(level: .error, format: .text, clock: clock) { _ in }
            ),
            standing: try Self.standing(settings, trusted, clock)
        )
    }

    private static func standing(
        _ settings: Settings,
        _ keys: IssuerKeys,
        _ clock: @escaping WallClock
    ) throws -> Standing {
        let url = try Tokens.IssuerURL(settings.issuer.url)
        return Standing(
            settings,
            trusted: Issuer(url: url, keys: keys),
            untrusted: Issuer(url: url.untrusted, keys: keys),
            clock: clock
        )
    }

    /// Half of the groups get a target, with their context as its fallback.
    func federate() throws {
        try Files.replace(configuration, Array(Self.text(isFederated: true).utf8))
        broker.adopt(try Self.standing(try Configuration.load(configuration), trusted, clock.wall))
    }

    private static func text(isFederated: Bool) -> String {
        let targets = (0..<groups / 2).map { group in
            """
              t\(group): {type: vault, address: "https://t\(group).example.com", role: r, audience: "https://t\(group).example.com",
                timeout: 1s, allow: [{project: acme/web, workflow: "w\(group)"}],
                fallback: {context: c\(group), until: 2099-12-31, reason: the role is new}}
            """
        }
        let contexts = (0..<groups).map {
            "  c\($0): {owner: team-\($0), allow: [{project: acme/web, workflow: w\($0)}]}"
        }
        return """
            issuer: https://ci.example.com
            store: sqlite:jobpass.db
            keys: {directory: keys, algorithms: [ES256]}
            principals:
              - {name: fleet, role: orchestrator, projects: ["acme/*"], token_sha256: \(SHA256.hash("fleet").hex)}
              - {name: admin, role: administrator, token_sha256: \(SHA256.hash("admin").hex)}
              - {name: audit, role: auditor, token_sha256: \(SHA256.hash("audit").hex)}
            \(isFederated ? "targets:\n" + targets.joined(separator: "\n") : "")
            contexts:
            \(contexts.joined(separator: "\n"))
            """
    }

    /// Sends a request to the broker.
    func send(_ method: HTTPMethod, _ target: String, as bearer: String, _ body: JSON? = nil) async throws -> Answer {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        let request = HTTPRequest(
            method: method,
            path: parts[0],
            query: parts.count > 1 ? parts[1] : "",
            fields: ["Authorization": "Bearer \(bearer)"],
            body: body?.serialized() ?? [],
            peer: HTTPPeer(address: "192.0.2.7", certificate: nil)
        )
        return Answer(response: await broker.answer(request, over: cloud, pacing: time.pacing()))
    }

    /// A run of a group's job does one thing, and must succeed.
    func run(_ group: Int, _ job: String, _ method: HTTPMethod, _ target: String) async throws -> Answer {
        let body: JSON = ["project": "acme/web", "workflow": .string("w\(group)"), "job": .string(job)]
        let registered = try await send(.post, "/v1/runs", as: "fleet", body)
        let token = try #require(registered.json["request_token"]?.asString, "\(registered.text)")
        let answer = try await send(method, target, as: token)
        try #require(answer.status == 200, "\(answer.text)")
        return answer
    }

    /// The names of a group's secrets.
    static func names(_ group: Int) -> [String] { (0..<perGroup).map { "G\(group)_SECRET_\($0)" } }
}

@Suite("A team's quarter")
struct QuarterTests {
    @Test("the report names exactly the secrets that can go, and its evidence is what the ledger has")
    func path() async throws {
        let quarter = try await Quarter()
        try await importAll(quarter)
        let start = quarter.clock.now
        for day in stride(from: Int64(0), to: Quarter.days - 1, by: 2) {
            quarter.clock.advance(by: start + .seconds(day * 86_400 + 60) - quarter.clock.now)
            quarter.time.pass(.seconds(2 * 86_400))
            if day == 30 { try quarter.federate() }
            // The first outage takes all clouds, a month and a half before the end; the second one of them, a fortnight before.
            quarter.cloud.setOut(day == 44 ? ["t0", "t1", "t2", "t3"] : day == 76 ? ["t3"] : [])
            try await live(quarter, day: day)
        }
        quarter.clock.advance(by: start + .seconds(Quarter.days * 86_400) - quarter.clock.now)
        let report = try BuiltCommand.run(["secret", "report", "--json", "--config", quarter.configuration])
        try #require(report.code == 0, "\(report.error)")
        let json = try JSON.parse(Array(report.output.utf8), limits: JSONLimits(bytes: 1 << 26, depth: 32))
        try check(json)
        try checkEvidence(json, quarter)
        try checkForms(quarter)
    }

    /// 200 secrets out of one .env file for each group, and what CircleCI still has.
    private func importAll(_ quarter: Quarter) async throws {
        for group in 0..<Quarter.groups {
            let file = Quarter.names(group).map { "export \($0)=\"value of \($0)\"" }.joined(separator: "\n")
            let listing = try IntakeFormat.dotenv.read(Array(file.utf8), IntakeOptions())
            var values = JSONObject()
            for value in listing.values {
                values[value.name.text] = .string(String(decoding: value.bytes, as: UTF8.self))
            }
            let body: JSON = ["values": .object(values)]
            let answer = try await quarter.send(.post, "/v1/contexts/c\(group)/secrets", as: "admin", body)
            #expect(answer.json["added"]?.asArray?.count == Quarter.perGroup, "\(answer.text)")
        }
        let inspected = """
            {"user": {}, "accounts": [{"name": "acme", "contexts": [{"name": "aws", "variables": [
            {"variable": "AWS_SECRET_ACCESS_KEY", "created_at": "2021-05-06T07:08:09.123Z"}]}], "projects": []}]}
            """
        let listing = try IntakeFormat.guess(Array(inspected.utf8)).read(Array(inspected.utf8), IntakeOptions())
        let items = listing.elsewhere.map { item -> JSON in ["place": .string(item.place), "name": .string(item.name)] }
        let answer = try await quarter.send(.post, "/v1/inventory/circleci", as: "admin", ["items": .array(items)])
        #expect(answer.json["added"] == 1)
    }

    /// What the jobs of one day do.
    private func live(_ quarter: Quarter, day: Int64) async throws {
        for group in 0..<Quarter.groups {
            let isFederated = day >= 30 && group < Quarter.groups / 2
            if isFederated {
                let answer = try await quarter.run(group, "deploy", .post, "/v1/targets/t\(group)/credentials")
                let isOut = day == 44 || day == 76 && group == 3
                #expect(answer.json["source"] == (isOut ? "fallback" : "exchange"))
            } else {
                _ = try await quarter.run(group, "deploy", .get, "/v1/contexts/c\(group)")
            }
        }
        // A job of the first group that was never seen again after the tenth day, and has no exchange.
        if day == 10 { _ = try await quarter.run(0, "forgotten", .get, "/v1/contexts/c0") }
        // One secret of the second group is still read by name; the job has exchanges besides.
        if day >= 60 {
            _ = try await quarter.run(1, "deploy", .get, "/v1/contexts/c1?name=G1_SECRET_7")
        }
    }

    private func check(_ report: JSON) throws {
        var verdicts: [String: Set<String>] = [:]
        for secret in report["secrets"]?.asArray ?? [] {
            verdicts[secret["verdict"]?.asString ?? "", default: []].insert(secret["name"]?.asString ?? "")
        }
        let free = Set(Quarter.names(1) + Quarter.names(2)).subtracting(["G1_SECRET_7"])
        #expect(verdicts["delete-now"] == free)
        #expect(verdicts["unproven"] == Set(Quarter.names(0)), "a job of it has never exchanged")
        #expect(verdicts["keep"] == Set((3..<8).flatMap(Quarter.names) + ["G1_SECRET_7"]))
        #expect(verdicts.values.reduce(0) { $0 + $1.count } == 200)
        #expect(report["summary"]?["unmanaged"] == 1)
        let first = report["secrets"]?.asArray?.first { $0["name"] == "G2_SECRET_0" }
        #expect(first?["fallback_uses"] == 1)
        #expect(first?["fallbacks"]?.asArray?.first?["cause"]?.asString?.contains("the cloud is out") == true)
        #expect(first?["owner"] == "team-2")
        #expect(first?["replaced_by"] == ["t2"])
        let shares = (report["share"]?.asArray ?? []).compactMap { week -> Double? in
            if case .number(let part)? = week["exchanged"] { part } else { nil }
        }
        #expect(shares.first == 0 && (shares.last ?? 0) > 0.4, "the share of exchanges grows: \(shares)")
    }

    /// Looks every index up in the ledger, as an auditor would, and judges anew by the entries alone.
    private func checkEvidence(_ report: JSON, _ quarter: Quarter) throws {
        let store = try SQLiteStore(opening: quarter.scratch.file("jobpass.db"))
        let size = try #require(try store.head()?.size)
        let leaves = try store.entries(in: 0..<size).map { try Leaf(bytes: $0.bytes) }
        let limit = SystemClock.now() - .seconds(30 * 86_400)
        for secret in report["secrets"]?.asArray ?? [] where secret["verdict"] == "delete-now" {
            let context = secret["context"]?.asString
            let name = secret["name"]?.asString
            let uses = leaves.indices.filter { index in
                let entry = leaves[index].entry
                return [.secretRead, .fallbackUsed].contains(entry.kind) && entry.context == context
                    && (entry.secret == nil || entry.secret == name)
            }
            let last = try #require(uses.last)
            #expect(leaves[last].time < limit, "it was read within thirty days")
            let evidence = (secret["evidence"]?.asArray ?? []).compactMap { $0.asInteger.map { Int($0) } }
            #expect(evidence.first == last)
            let target = try #require(secret["replaced_by"]?.asArray?.first?.asString)
            #expect(evidence.count == 6)
            for index in evidence.dropFirst() {
                #expect(index > last)
                #expect(leaves[index].entry.kind == .exchangeSucceeded)
                #expect(leaves[index].entry.target == target)
                #expect(leaves[index].entry.claims == leaves[last].entry.claims, "another job's exchange")
            }
            let proved = try AuditLog(storage: store).entry(at: UInt64(evidence[1]))
            #expect(try proved.view().leaf == leaves[evidence[1]])
        }
    }

    private func checkForms(_ quarter: Quarter) throws {
        let base = ["secret", "report", "--config", quarter.configuration]
        let csv = try BuiltCommand.run(base + ["--format", "csv"])
        #expect(csv.output.split(separator: "\r\n").count == 202)
        let html = try BuiltCommand.run(base + ["--format", "html"])
        #expect(html.output.contains("<svg") && !html.output.contains("value of"))
        let table = try BuiltCommand.run(base)
        #expect(table.output.contains("delete-now") && table.error.contains("49 delete-now"), "\(table.error)")
        let failing = try BuiltCommand.run(base + ["--fail-on", "overdue,delete-now"])
        #expect(failing.code == 65 && failing.error.contains("--fail-on: 49 delete-now"), "\(failing.error)")
        #expect(try BuiltCommand.run(base + ["--fail-on", "overdue"]).code == 0)
        #expect(try BuiltCommand.run(base + ["--fail-on", "everything"]).code == 64)
    }
}
