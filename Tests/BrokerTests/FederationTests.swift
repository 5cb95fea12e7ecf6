import Crypto
import Encoding
import HTTP
import JSON
import Ledger
import POSIX
import Support
import Testing

/// A broker that federates with stand-ins of GitHub and CircleCI.
private struct FederatedSite {
    let site: BrokerHarness
    let github: ForeignSystem
    let circleci: ForeignSystem

    static let grant = "urn:ietf:params:oauth:grant-type:token-exchange"
    static let idToken = "urn:ietf:params:oauth:token-type:id_token"
    static let accessToken = "urn:ietf:params:oauth:token-type:access_token"

    init() async throws {
        let folder =
            "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/FederationTests/Vectors"
        github = try ForeignSystem(try JSON.parse(try Files.read("\(folder)/github.json", limit: 1 << 20)))
        circleci = try ForeignSystem(try JSON.parse(try Files.read("\(folder)/circleci-v2.json", limit: 1 << 20)))
        let origin = "https://oidc.circleci.com/org/6cb0c3f8-93a2-4d61-a2b5-6f9b4c8f4f10"
        site = try await BrokerHarness(
            extra: """
                federation:
                  - preset: github
                    require: {repository_owner_id: 65342}
                  - preset: circleci
                    issuer: \(origin)
                    claims: {project: "=acme/web"}
                    trusted_when: {oidc.circleci.com/vcs-origin: "github.com/acme/*"}

                """
        )
    }

    func token(_ changes: JSONObject = [:]) throws -> String { try github.token(at: site.book.clock.now, changes) }

    func trade(
        _ token: String,
        _ changes: [String: String] = [:],
        over system: ForeignSystem? = nil
    ) async throws -> Answer {
        let fields = [
            "grant_type": Self.grant, "subject_token": token, "subject_token_type": Self.idToken,
            "audience": "https://service.example.com",
        ].merging(changes) { $1 }.filter { !$0.value.isEmpty }
        let form = Form(fields.map { Form.Field($0.key, $0.value) })
        return try await send(form.encoded, over: system ?? github)
    }

    func send(_ body: String, over system: ForeignSystem) async throws -> Answer {
        try await site.send(
            .post,
            "/oauth/token",
            body: body,
            fields: ["Content-Type": "application/x-www-form-urlencoded"],
            over: system.server
        )
    }

    /// The payload of a token of ours.
    static func claims(_ token: String) throws -> JSON {
        let parts = token.split(separator: ".")
        try #require(parts.count == 3)
        return try JSON.parse(try Base64URL.decode(String(parts[1])))
    }
}

@Suite("Another CI system's token is traded at /oauth/token")
struct FederationTests {
    @Test("for an ID token of ours, recorded with the hash of theirs")
    func idToken() async throws {
        let federated = try await FederatedSite()
        let theirs = try federated.token()
        let answer = try await federated.trade(theirs)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["issued_token_type"]?.asString == FederatedSite.idToken)
        #expect(answer.json["token_type"] == "N_A")
        #expect(answer.json["expires_in"] == 300)
        #expect(answer.json["trust"] == "trusted")
        #expect(answer.response.fields["Cache-Control"] == "no-store")
        let claims = try FederatedSite.claims(try #require(answer.json["access_token"]?.asString))
        #expect(claims["iss"] == "https://ci.example.com")
        #expect(claims["project"] == "acme/web")
        #expect(claims["repository"] == "acme/web")
        #expect(try federated.site.recorded == ["federation.accepted", "token.issued"])
        let accepted = try #require(try federated.site.entries.first)
        #expect(accepted.tokenSHA256 == SHA256.hash(theirs))
        #expect(accepted.principal == "github")
        #expect(accepted.issuer == "https://token.actions.githubusercontent.com")
        #expect(accepted.jti == "f0b5c2b1-6a6e-4f3a-9b63-1c2f9d3c7a10")
        let origin = try JSON.parse(try #require(accepted.claims))["jobpass_provenance"]
        #expect(origin?["issuer"] == "https://token.actions.githubusercontent.com")
        #expect(origin?["claims"]?["project"] == "repository")
        #expect(claims["jobpass_provenance"] == nil)
        let issued = try #require(try federated.site.entries.last)
        #expect(issued.run == accepted.run)
        #expect(issued.principal == "github")
    }

    @Test(
        "for a request token, which then gets what a registered run gets",
        arguments: [["audience": ""], ["audience": "https://ci.example.com"]]
    )
    func requestToken(changes: [String: String]) async throws {
        let federated = try await FederatedSite()
        let answer = try await federated.trade(try federated.token(), changes)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["token_type"] == "Bearer")
        #expect(answer.json["expires_in"] == 3_600)
        let token = try #require(answer.json["access_token"]?.asString)
        #expect(token.hasPrefix("jpr_"))
        let whoami = try await federated.site.send(.get, "/v1/whoami", as: token)
        #expect(whoami.json["workflow"] == "deploy")
        let issued = try await federated.site.send(.get, "/v1/token?audience=https://service.example.com", as: token)
        #expect(issued.status == 200)
        #expect(try federated.site.recorded == ["federation.accepted", "token.issued"])
        federated.site.book.clock.advance(by: .seconds(3_601))
        #expect(try await federated.site.send(.get, "/v1/whoami", as: token).status == 401)
    }

    @Test("a fork's token gives nothing that does not name trust, and says why")
    func fork() async throws {
        let federated = try await FederatedSite()
        let token = try federated.circleci.token(
            at: federated.site.book.clock.now,
            ["oidc.circleci.com/vcs-origin": "github.com/mallory/web"]
        )
        let answer = try await federated.trade(token, over: federated.circleci)
        #expect(answer.status == 400)
        #expect(answer.json["error"] == "invalid_target")
        #expect(answer.text.contains("github.com/mallory/web"))
        #expect(try federated.site.recorded == ["federation.accepted", "token.denied"])
        #expect(try #require(federated.site.entries.first?.reason).contains("untrusted, because"))
        let run = try await federated.trade(token, ["audience": ""], over: federated.circleci)
        #expect(run.json["trust"] == "untrusted")
        let whoami = try await federated.site.send(
            .get,
            "/v1/whoami",
            as: try #require(run.json["access_token"]?.asString)
        )
        #expect(whoami.json["iss"] == "https://ci.example.com/untrusted")
    }

    @Test(
        "an SSH rerun, another organisation and an expired token are refused and recorded with the reason",
        arguments: [
            ("repository_owner_id", JSON.string("666"), "repository_owner_id is '666', wanted '65342'"),
            ("exp", .integer(1_700_000_000), "exp: saw"), ("aud", "sts.amazonaws.com", "aud: saw"),
        ]
    )
    func refused(claim: String, value: JSON, reason: String) async throws {
        let federated = try await FederatedSite()
        var changes = JSONObject()
        changes[claim] = value
        let answer = try await federated.trade(try federated.token(changes))
        #expect(answer.status == 400)
        #expect(answer.json["error"] == "invalid_request")
        #expect(answer.text.contains(reason.replacing("\"", with: "\\\"")), "\(answer.text)")
        #expect(try federated.site.recorded == ["federation.denied"])
        let entry = try #require(try federated.site.entries.first)
        #expect(entry.principal == "github")
        #expect(try #require(entry.reason).contains(reason))
    }

    @Test("tokens that anybody can write are refused always and recorded sixty times a minute")
    func flood() async throws {
        let federated = try await FederatedSite()
        for _ in 0..<70 { #expect(try await federated.trade("a.b.c").status == 400) }
        #expect(try federated.site.recorded.count == 60)
        federated.site.book.clock.advance(by: .seconds(60))
        _ = try await federated.trade("a.b.c")
        #expect(try federated.site.recorded.count == 61)
        let figures = try await federated.site.send(.get, "/metrics").text
        #expect(figures.contains(#"jobpass_federation_total{outcome="denied"} 71"#))
    }

    @Test("an issuer that cannot be reached is an outage, not a refusal")
    func outage() async throws {
        let federated = try await FederatedSite()
        federated.github.takeDown()
        let answer = try await federated.trade(try federated.token())
        #expect(answer.status == 503)
        #expect(answer.json["error"] == "unavailable")
        #expect(answer.response.fields["Retry-After"] != nil)
        #expect(try federated.site.entries.map(\.outcome.rawValue) == ["failed"])
    }

    @Test("nothing is released where it cannot be recorded", arguments: ["", "https://service.example.com"])
    func unrecorded(audience: String) async throws {
        let federated = try await FederatedSite()
        federated.site.faults.plan([.before, .before, .before])
        let answer = try await federated.trade(try federated.token(), ["audience": audience])
        #expect(answer.status == 503)
        #expect(answer.json["access_token"] == nil)
    }

    @Test(
        "RFC 8693's parameters are taken as it says",
        arguments: [
            (["grant_type": "authorization_code"], "unsupported_grant_type"), (["grant_type": ""], "invalid_request"),
            (["subject_token": ""], "invalid_request"), (["subject_token_type": ""], "invalid_request"),
            (["subject_token_type": "urn:ietf:params:oauth:token-type:saml2"], "invalid_request"),
            (["actor_token": "x"], "invalid_request"), (["actor_token_type": FederatedSite.idToken], "invalid_request"),
            (["actor_token": "x", "actor_token_type": FederatedSite.idToken], "invalid_request"),
            (["scope": "all"], "invalid_scope"), (["resource": "https://other.example.com"], "invalid_target"),
            (["resource": "nowhere"], "invalid_target"), (["audience": "nobody"], "invalid_target"),
            (["requested_token_type": "urn:ietf:params:oauth:token-type:saml1"], "invalid_request"),
            (["requested_token_type": FederatedSite.idToken, "audience": ""], "invalid_request"),
            (["requested_token_type": FederatedSite.accessToken], "invalid_target"),
        ]
    )
    func parameters(changes: [String: String], error: String) async throws {
        let federated = try await FederatedSite()
        let answer = try await federated.trade(try federated.token(), changes)
        #expect(answer.status == 400)
        #expect(answer.json["error"] == .string(error), "\(answer.text)")
    }

    @Test("a parameter that is there twice, and a body that is no form, are refused")
    func form() async throws {
        let federated = try await FederatedSite()
        let twice = try await federated.send("grant_type=a&grant_type=b", over: federated.github)
        #expect(twice.json["error"] == "invalid_request")
        let json = try await federated.site.send(
            .post,
            "/oauth/token",
            body: "{}",
            fields: ["Content-Type": "application/json"]
        )
        #expect(json.text.contains("x-www-form-urlencoded"))
        let resource = try await federated.trade(
            try federated.token(),
            ["audience": "", "resource": "https://service.example.com"]
        )
        #expect(resource.status == 200, "\(resource.text)")
    }
}
