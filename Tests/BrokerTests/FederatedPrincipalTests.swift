import HTTP
import JSON
import Ledger
import POSIX
import Support
import Testing

@Suite("Principals who show another issuer's token")
struct FederatedPrincipalTests {
    private let site: BrokerHarness
    private let system: ForeignSystem

    init() async throws {
        let folder =
            "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/FederationTests/Vectors"
        system = try ForeignSystem(try JSON.parse(try Files.read("\(folder)/gitlab.json", limit: 1 << 20)))
        site = try await BrokerHarness(
            principals: """
                  - name: gitlab-runner
                    role: orchestrator
                    projects: [acme/web]
                    oidc: {issuer: "https://gitlab.example.com", claims: {project_path: acme/web, ref_protected: true}}
                  - name: gitlab-admins
                    role: administrator
                    contexts: [legacy]
                    oidc: {issuer: "https://gitlab.example.com", claims: {project_path: acme/infra}, maximum_age: 5m}
                  - name: gitlab-twin
                    role: auditor
                    oidc: {issuer: "https://gitlab.example.com", claims: {project_path: acme/both}}
                  - name: gitlab-other-twin
                    role: auditor
                    oidc: {issuer: "https://gitlab.example.com", claims: {project_path: "acme/bot*"}}

                """
        )
    }

    private func token(_ changes: JSONObject = [:]) throws -> String {
        try system.token(at: site.book.clock.now, changes)
    }

    private func register(_ token: String, project: String = "acme/web") async throws -> Answer {
        let body = #"{"project": "\#(project)", "workflow": "deploy", "job": "release"}"#
        return try await site.send(.post, "/v1/runs", as: token, body: body, over: system.server)
    }

    @Test("one whose claims fit does what its role does, within its bounds")
    func fits() async throws {
        #expect(try await register(try token()).status == 201)
        #expect(try await register(try token(), project: "acme/api").status == 403)
        let entries = try site.entries
        #expect(entries.map(\.principal) == ["gitlab-runner", "gitlab-runner"])
        #expect(entries.map(\.kind.rawValue) == ["run.registered", "admin.denied"])
        let admin = try token(["project_path": "acme/infra"])
        let list = try await site.send(.get, "/v1/contexts/legacy/secrets", as: admin, over: system.server)
        #expect(list.status == 200, "\(list.text)")
        let keys = try await site.send(.get, "/v1/keys", as: admin, over: system.server)
        #expect(keys.status == 403)
    }

    @Test(
        "any other is refused with the reason, which is recorded",
        arguments: [
            ("project_path", JSON.string("mallory/web"), "project_path is 'mallory/web', wanted 'acme/web'"),
            ("ref_protected", "false", "ref_protected is 'false', wanted 'true'"), ("aud", "other", "aud: saw"),
            ("exp", .integer(1_700_000_000), "exp: saw"), ("project_path", "acme/both", "one principal's"),
        ]
    )
    func refuses(claim: String, value: JSON, reason: String) async throws {
        var changes = JSONObject()
        changes[claim] = value
        let answer = try await register(try token(changes))
        #expect(answer.status == 401)
        #expect(answer.text.contains(reason), "\(answer.text)")
        let entry = try #require(try site.entries.last)
        #expect(entry.kind.rawValue == "admin.denied")
        #expect(try #require(entry.reason).contains(reason))
    }

    @Test("a forged token and another issuer's are nobody's")
    func forged() async throws {
        let forged = try system.token(at: site.book.clock.now, signedByAnother: true)
        #expect(try await register(forged).status == 401)
        #expect(try await register(try token(["iss": "https://gitlab.elsewhere.example"])).status == 401)
        #expect(try site.recorded == ["admin.denied"])
        site.book.clock.advance(by: .seconds(400))
        system.takeDown()
        #expect(try await register(try token()).status == 201)
    }
}
