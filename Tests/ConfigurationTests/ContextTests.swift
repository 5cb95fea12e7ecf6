import Configuration
import Encoding
import Secrets
import Support
import Testing
import Time

@Suite("The settings of contexts")
struct ContextTests {
    private func settings(_ contexts: String, _ fallback: String = "") throws -> Settings {
        let digest = String(repeating: "0", count: 64)
        return try Configuration.parse(
            Array(
                """
                issuer: https://ci.example.com
                store: sqlite:jobpass.db
                keys: {directory: keys}
                principals:
                  - {name: fleet, role: orchestrator, projects: ["acme/*"], token_sha256: \(digest)}
                  - {name: qa, role: administrator, contexts: ["qa-*", web], token_sha256: \(digest.dropLast())1}
                  - {name: all, role: administrator, token_sha256: \(digest.dropLast())2}
                targets:
                  bao: {type: vault, address: "https://b.example.com", role: r, audience: "https://b.example.com",
                        allow: [{project: acme/web}]\(fallback)}
                  bare: {type: none, audience: "https://k.example.com", allow: [{project: acme/web}]}
                contexts:
                  web:
                    allow: [{project: acme/web}]
                \(contexts)
                """.utf8
            ),
            file: "jobpass.yaml"
        )
    }

    @Test("ages, owners, replacements and sources are what is written, for the context and for single secrets")
    func everything() throws {
        let settings = try settings(
            """
                owner: web-team
                max_age: 90d
                replaced_by: bare
                secrets:
                  OWN: {max_age: 30d, owner: somebody, replaced_by: bao}
                from:
                  - {target: bao, path: secret/data/web, fields: {DB: password}}
            """
        )
        let context = try #require(settings.contexts.first)
        #expect(
            context.rules(for: try .named("ANY"))
                == SecretRules(
                    owner: "web-team",
                    maxAge: .seconds(90 * 86_400),
                    replacedBy: "bare"
                )
        )
        #expect(
            context.rules(for: try .named("OWN"))
                == SecretRules(
                    owner: "somebody",
                    maxAge: .seconds(30 * 86_400),
                    replacedBy: "bao"
                )
        )
        #expect(
            context.sources == [
                ContextSource(
                    target: "bao",
                    path: "secret/data/web",
                    fields: [ContextSource.Field(name: try .named("DB"), field: "password")]
                )
            ]
        )
    }

    @Test("an administrator without contexts administers all, one with contexts those")
    func administrators() throws {
        let principals = try settings("").principals
        let administered = principals.map { principal in
            (principal.name, ["web", "qa-web", "prod"].filter { principal.administers($0) })
        }
        #expect(administered.map(\.0) == ["fleet", "qa", "all"])
        #expect(administered.map(\.1) == [[], ["web", "qa-web"], ["web", "qa-web", "prod"]])
    }

    @Test("a fallback has the budget that is written, or none")
    func budget() throws {
        let text = ", fallback: {context: web, until: 2030-01-31, reason: why, budget: 20/day}"
        #expect(try settings("", text).fallbacks["bao"]?.budget?.uses == 20)
        let none = ", fallback: {context: web, until: 2030-01-31, reason: why}"
        #expect(try settings("", none).fallbacks["bao"]?.budget == nil)
    }

    @Test(
        "a target that is not there, or gives no values, is an error",
        arguments: [
            ("    replaced_by: boa", "there is no target 'boa'; did you mean 'bao'?"),
            ("    secrets: {A: {replaced_by: none}}", "there is no target 'none'"),
            (
                "    from: {target: bare, path: secret/data/x, fields: {A: b}}",
                "no values can be drawn from target 'bare'"
            ),
        ]
    )
    func targets(_ text: String, _ reason: String) throws {
        let error = #expect(throws: InvalidConfiguration.self) { try settings(text) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }
}
