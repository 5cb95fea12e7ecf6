import Crypto
import HTTP
import HTTPClient
import JSON
import Support
import Testing
import Time
import Tokens
import Trust

extension Scenarios {
    /// OpenBao itself answers: roles and claims made up by the hundred, each explained here and tried there.
    @Suite("The real OpenBao decides as explain says")
    struct TrustOpenBaoScenarios {
        private static let count = 200

        @Test("for two hundred generated roles and claim sets")
        func agrees() async throws {
            let bao = try OpenBao(in: try Folder())
            let issuer = try await TestIssuer()
            try bao.run(["auth", "enable", "jwt"])
            try bao.run([
                "write", "auth/jwt/config", "oidc_discovery_url=\(issuer.url.text)", "bound_issuer=\(issuer.url.text)",
            ])
            let client = try TestClient()
            var generator = RoleGenerator(seed: 20_261_123)
            var passed = 0
            for number in 1...Self.count {
                let role = generator.role()
                let name = "role\(number)"
                let written = try await Self.post("\(bao.url)/v1/auth/jwt/role/\(name)", .object(role), client)
                try #require(
                    written.status == 204 || written.status == 200,
                    "\(JSON.object(role).text): \(Self.text(written))"
                )
                let now = SystemClock.now().seconds
                let claims = generator.claims(for: role, issuer: issuer.url.text, now: now)
                let token = try issuer.sign(claims, .es256)
                let login: JSON = ["role": .string(name), "jwt": .string(token)]
                let answer = try await Self.post("\(bao.url)/v1/auth/jwt/login", login, client)
                let policy = try PolicyReader.read(JSON.object(role).serialized(pretty: true), kind: .vault)
                let explanation = policy.explain(Presented(claims, now: now))
                let expected: Verdict = answer.status == 200 ? .pass : .fail
                #expect(
                    explanation.verdict == expected,
                    "role \(JSON.object(role).text) claims \(JSON.object(claims).text): OpenBao \(answer.status) \(Self.text(answer)); \(explanation.cause)"
                )
                if answer.status == 200 { passed += 1 }
            }
            // Neither answer may be rare, or the agreement would say little.
            #expect(passed > Self.count / 5 && passed < Self.count * 4 / 5, "\(passed) of \(Self.count) passed")
        }

        private static func post(_ url: String, _ body: JSON, _ client: TestClient) async throws -> HTTPResponse {
            try await client.client.send(
                OutgoingRequest(
                    .post,
                    url: url,
                    fields: ["Content-Type": "application/json", "X-Vault-Token": "root"],
                    body: body.serialized()
                )
            )
        }

        private static func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }
    }
}

/// Makes up roles, and tokens that are for them, nearly for them, or not at all.
private struct RoleGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// xorshift64*: the same roles in every run.
    private mutating func next(_ bound: Int) -> Int {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value { values[next(values.count)] }

    private static let texts = [
        "acme/web", "acme/app", "acme/web-evil", "Acme/Web", "refs/heads/main", "refs/tags/v1", "x", "a*b",
    ]
    private static let globs = [
        "acme/*", "*web", "*", "acme/web", "*/*", "refs/*/main", "a*b*", "**", "acme/we?", "^acme/.*$",
    ]
    private static let names = ["project", "ref", "groups", "flag", "number", "/nested/team", "sub", "missing"]

    mutating func role() -> JSONObject {
        var role: JSONObject = [
            "role_type": "jwt", "user_claim": .string(pick(["sub", "sub", "sub", "project", "missing", "flag"])),
        ]
        role["bound_audiences"] = pick([["vault"], ["vault"], ["vault", "other"], ["other"]])
        if next(5) == 0 { role["bound_audiences"] = nil }
        let isGlob = next(2) == 0
        if isGlob { role["bound_claims_type"] = "glob" }
        var bound: JSONObject = [:]
        for _ in 0..<next(3) {
            let name = pick(Self.names)
            bound[name] = next(3) == 0 ? .array([value(name, isGlob), value(name, isGlob)]) : value(name, isGlob)
        }
        if !bound.members.isEmpty { role["bound_claims"] = .object(bound) }
        if next(6) == 0 { role["bound_subject"] = .string(pick(["one", "two", "o*"])) }
        if next(8) == 0 { role["groups_claim"] = "groups" }
        if next(8) == 0 {
            role["claim_mappings"] = .object(pick([["project": "p"], ["flag": "f"], ["/nested/team": "t"]]))
        }
        // OpenBao wants one constraint at least.
        if role["bound_audiences"] == nil, role["bound_subject"] == nil, bound.members.isEmpty {
            role["bound_claims"] = ["project": "acme/web"]
        }
        return role
    }

    private mutating func value(_ name: String, _ isGlob: Bool) -> JSON {
        if isGlob { return .string(pick(Self.globs)) }
        switch name {
        case "flag": return pick([true, false, "true"])
        case "number": return pick([7, 8, "7"])
        default: return .string(pick(Self.texts))
        }
    }

    mutating func claims(for role: JSONObject, issuer: String, now: Int64) -> JSONObject {
        var claims: JSONObject = [
            "iss": .string(issuer), "sub": .string(pick(["one", "one", "two"])), "iat": .integer(now),
            "exp": .integer(now + 300),
            "project": .string(pick(Self.texts)), "ref": .string(pick(Self.texts)), "flag": pick([true, false]),
            "number": pick([7, 8]), "nested": ["team": .string(pick(Self.texts))],
            "groups": .array([.string(pick(Self.texts)), .string(pick(Self.texts))]),
        ]
        claims["aud"] = pick(["vault", "vault", "vault", ["vault", "more"], "other"])
        if role["bound_audiences"] == nil, next(2) == 0 { claims["aud"] = nil }
        if next(10) == 0 { claims["exp"] = .integer(now - 600) }
        if next(10) == 0 { claims["groups"] = nil }
        // Half of the tokens are made to fit what the role binds.
        guard next(3) > 0 else { return claims }
        for member in role["bound_claims"]?.asObject?.members ?? [] {
            let wanted = member.value.asArray?.first ?? member.value
            let text = wanted.asString.map { $0.replacing("*", with: pick(["", "x", "x/y"])) }
            let value: JSON = role["bound_claims_type"] == "glob" ? .string(text ?? "") : wanted
            if member.name == "/nested/team" { claims["nested"] = ["team": value] } else { claims[member.name] = value }
        }
        return claims
    }
}
