import Broker
import Crypto
import Encoding
import HTTP
import JSON
import Ledger
import Support
import Testing
import Time

@Suite("Static secrets at the broker")
struct StaticSecretTests {
    private static let path = "/v1/contexts/legacy/secrets"

    private func set(
        _ site: BrokerHarness,
        _ name: String,
        _ value: String,
        _ query: String = ""
    ) async throws -> Answer {
        try await site.send(.put, "\(Self.path)/\(name)\(query)", as: BrokerHarness.administrator, body: value)
    }

    @Test("a secret is set, rotated, listed, rolled back and deleted, and a job reads it whole, by name and by version")
    func life() async throws {
        let site = try await BrokerHarness()
        let admin = BrokerHarness.administrator
        #expect(try await set(site, "KEY", "one").json["version"] == 1)
        #expect(try await set(site, "KEY", "two", "?grace=1h").json["version"] == 2)
        #expect(try await set(site, "OTHER", "x").status == 201)
        let run = try await site.run()
        let whole = try await site.send(.get, "/v1/contexts/legacy", as: run.token)
        #expect(whole.json["values"] == ["KEY": "two", "OTHER": "x"])
        #expect(whole.json["base64"] == nil)
        let one = try await site.send(.get, "/v1/contexts/legacy?name=KEY", as: run.token)
        #expect(one.json["values"] == ["KEY": "two"])
        let former = try await site.send(.get, "/v1/contexts/legacy?name=KEY&version=1", as: run.token)
        #expect(former.json["values"] == ["KEY": "one"])
        #expect(try site.entries.last?.secret == "KEY")
        #expect(try site.entries.last?.version == 1)
        let versions = try await site.send(.get, "\(Self.path)/KEY", as: admin)
        #expect(versions.json["versions"]?.asArray?.map { $0["state"] } == ["current", "readable"])
        #expect(try await site.send(.post, "\(Self.path)/KEY/rollback", as: admin).json["version"] == 3)
        #expect(try await site.send(.delete, "\(Self.path)/OTHER", as: admin).status == 204)
        let list = try await site.send(.get, Self.path, as: admin)
        #expect(list.json["secrets"]?.asArray?.map { $0["version"] } == [3, 1])
        #expect(try await site.send(.get, "/v1/contexts/legacy", as: run.token).json["values"] == ["KEY": "one"])
        for answer in [versions, list] { #expect(!answer.text.contains("two")) }
    }

    @Test(
        "a question that cannot be answered is refused",
        arguments: [
            ("?version=1", 400), ("?name=a-b", 400), ("?name=KEY&version=0", 400), ("?name=KEY&name=KEY", 400),
            ("?name=NONE", 404), ("?name=KEY&version=7", 404),
        ]
    )
    func badReads(_ query: String, _ status: Int) async throws {
        let site = try await BrokerHarness()
        _ = try await set(site, "KEY", "x")
        let run = try await site.run()
        #expect(try await site.send(.get, "/v1/contexts/legacy\(query)", as: run.token).status == status)
        #expect(try !site.recorded.contains("secret.read"))
    }

    @Test("a value that is no text comes in base64 beside the others")
    func binary() async throws {
        let site = try await BrokerHarness()
        _ = try await set(site, "TEXT", "x")
        let body = #"{"base64": {"KEYSTORE": "AP/+"}, "values": {"PEM": "a\nb"}}"#
        #expect(try await site.send(.post, Self.path, as: BrokerHarness.administrator, body: body).status == 200)
        let run = try await site.run()
        let answer = try await site.send(.get, "/v1/contexts/legacy", as: run.token)
        #expect(answer.json["values"] == ["PEM": "a\nb", "TEXT": "x"])
        #expect(answer.json["base64"] == ["KEYSTORE": "AP/+"])
    }

    @Test("an import is planned, made whole, and replaces nothing unasked; a bad one changes nothing")
    func imports() async throws {
        let site = try await BrokerHarness()
        _ = try await set(site, "KEY", "old")
        func send(_ body: String) async throws -> Answer {
            try await site.send(.post, Self.path, as: BrokerHarness.administrator, body: body)
        }
        let plan = try await send(#"{"values": {"KEY": "a", "NEW": "b"}, "dry_run": true}"#)
        #expect(plan.json == ["context": "legacy", "done": false, "added": ["NEW"], "replaced": [], "kept": ["KEY"]])
        #expect(site.secrets.rows.count == 1)
        for bad in [
            #"{}"#, #"{"values": {"a b": "x"}}"#, #"{"values": {"A": 1}}"#, #"{"values": {"A": ""}}"#,
            #"{"values": {"A": "x"}, "base64": {"A": "eA=="}}"#, #"{"base64": {"A": "x"}}"#,
        ] {
            #expect(try await send(bad).status == 400, "\(bad)")
        }
        #expect(site.secrets.rows.count == 1)
        #expect(try await send(#"{"values": {"KEY": "a", "NEW": "b"}, "replace": true}"#).json["replaced"] == ["KEY"])
        #expect(site.secrets.rows.count == 3)
    }

    @Test("an inventory is listed, planned and replaced")
    func inventory() async throws {
        let site = try await BrokerHarness()
        let admin = BrokerHarness.administrator
        let item = #"{"place": "context aws", "name": "AWS_KEY", "created_at": "2021-01-01T00:00:00Z"}"#
        let body = #"{"items": [\#(item), {"place": "project web", "name": "NPM"}]}"#
        let first = try await site.send(.post, "/v1/inventory/circleci", as: admin, body: body)
        #expect(first.json == ["source": "circleci", "done": true, "added": 2, "known": 0, "missing": 0, "removed": 0])
        let replaced = #"{"items": [\#(item)], "replace": true, "dry_run": true}"#
        let plan = try await site.send(.post, "/v1/inventory/circleci", as: admin, body: replaced)
        #expect(plan.json == ["source": "circleci", "done": false, "added": 0, "known": 1, "missing": 1, "removed": 1])
        let items = try await site.send(.get, "/v1/inventory", as: admin)
        #expect(items.json["items"]?.asArray?.map { $0["name"] } == ["AWS_KEY", "NPM"])
        #expect(try await site.send(.get, "/v1/inventory", as: BrokerHarness.auditor).status == 403)
    }

    /// An administrator of one context beside the one of all.
    private static let bounded = """
          qa-web: {allow: [{project: acme/web, environment: qa}]}

        """

    @Test("an administrator with contexts of its own administers those and does nothing else")
    func bounded() async throws {
        let token = "token-of-the-qa-team"
        let site = try await BrokerHarness(
            extra: Self.bounded,
            principals:
                "  - {name: qa, role: administrator, contexts: [\"qa-*\"], token_sha256: \(SHA256.hash(token).hex)}\n"
        )
        #expect(
            try await site.send(.put, "/v1/contexts/qa-web/secrets/KEY", as: token, body: "x").status == 201
        )
        let denied = try await site.send(.put, "\(Self.path)/KEY", as: token, body: "x")
        #expect(denied.status == 403)
        #expect(denied.text.contains("administer context 'legacy'"))
        #expect(try await site.send(.get, Self.path, as: token).status == 403)
        #expect(try await site.send(.get, "/v1/inventory", as: token).status == 403)
        #expect(try await site.send(.get, "/v1/secrets/report", as: token).status == 403)
        #expect(try site.recorded == ["secret.changed"] + Array(repeating: "admin.denied", count: 4))
    }

    @Test("what is overdue is listed and counted, and what was kept long enough is purged and recorded")
    func tended() async throws {
        let site = try await BrokerHarness(
            extra: "  aged: {allow: [{project: acme/web}], max_age: 30d, secrets: {OWN: {max_age: 60d}}}\n"
        )
        for name in ["KEY", "OWN"] {
            _ = try await site.send(
                .put,
                "/v1/contexts/aged/secrets/\(name)",
                as: BrokerHarness.administrator,
                body: "x"
            )
        }
        _ = try await set(site, "GONE", "x")
        _ = try await site.send(.delete, "\(Self.path)/GONE", as: BrokerHarness.administrator)
        site.book.clock.advance(by: .seconds(31 * 86_400))
        await site.broker.tend(trace: "tend")
        let list = try await site.send(.get, "/v1/contexts/aged/secrets", as: BrokerHarness.administrator)
        let overdue = list.json["secrets"]?.asArray?.map { $0["overdue_since"]?.asString?.prefix(10) }
        #expect(overdue == ["2026-12-22", nil])
        let figures = try await site.send(.get, "/metrics").text
        for line in ["jobpass_secrets 2", "jobpass_secrets_overdue 1", "jobpass_secrets_deleted 1"] {
            #expect(figures.contains("\n\(line)\n"), "\(line)")
        }
        let purged = try #require(try site.entries.last)
        #expect(purged.kind == .secretChanged)
        #expect(purged.reason?.hasPrefix("purged") == true)
        #expect(site.secrets.rows.map(\.isPurged) == [false, false, true])
    }

    @Test("the report is for auditors and administrators, and its rules for whoever asks")
    func report() async throws {
        let site = try await BrokerHarness()
        _ = try await set(site, "KEY", "hunter2")
        let run = try await site.run()
        _ = try await site.send(.get, "/v1/contexts/legacy", as: run.token)
        for reader in [BrokerHarness.auditor, BrokerHarness.administrator] {
            let report = try await site.send(.get, "/v1/secrets/report", as: reader)
            #expect(report.status == 200)
            #expect(report.json["secrets"]?.asArray?.first?["verdict"] == "keep")
            #expect(!report.text.contains("hunter2"))
        }
        #expect(try await site.send(.get, "/v1/secrets/report", as: BrokerHarness.orchestrator).status == 403)
        #expect(try await site.send(.get, "/v1/secrets/report", as: run.token).status == 401)
        for bad in ["unread_for=x", "exchanges=0", "at=never"] {
            #expect(try await site.send(.get, "/v1/secrets/report?\(bad)", as: BrokerHarness.auditor).status == 400)
        }
        let past = try await site.send(.get, "/v1/secrets/report?at=2020-01-01", as: BrokerHarness.auditor)
        #expect(past.json["secrets"] == [])
    }
}
