import Claims
import Encoding
import HTTP
import JSON
import Ledger
import Support
import Testing

@Suite("Further issuers, and the forms of subjects")
struct IssuerTests {
    private func site(shut: Bool = false) async throws -> BrokerHarness {
        try await BrokerHarness(
            extra: """
                issuers:
                  web:
                    projects: [acme/web]
                    path: organisation
                    shut: \(shut)
                token:
                  subject: {claims: [project, ref, job], digest: true}

                """
        )
    }

    @Test("publish under their paths, and nothing is at another")
    func publish() async throws {
        let site = try await site()
        for (path, issuer) in [
            ("/organisation", "https://ci.example.com/organisation"),
            ("/organisation/untrusted", "https://ci.example.com/organisation/untrusted"),
            ("/untrusted", "https://ci.example.com/untrusted"), ("", "https://ci.example.com"),
        ] {
            let answer = try await site.send(.get, "\(path)/.well-known/openid-configuration")
            #expect(answer.status == 200, "\(path): \(answer.text)")
            #expect(answer.json["issuer"]?.asString == issuer)
            #expect(answer.json["jwks_uri"]?.asString == "\(issuer)/.well-known/jwks.json")
            let keys = try await site.send(.get, "\(path)/.well-known/jwks.json")
            #expect(keys.json["keys"]?.asArray?.isEmpty == false)
        }
        for path in ["/web", "/v1", "/organisation/other"] {
            let answer = try await site.send(.get, "\(path)/.well-known/jwks.json")
            #expect(answer.status == 404, "\(path)")
        }
    }

    @Test(
        "sign for their projects, which whoami says too; one that is shut signs no more, and says that it has no keys"
    )
    func signs() async throws {
        let site = try await site()
        let run = try await site.run()
        let answer = try await site.send(.get, "/v1/token?audience=https://service.example.com", as: run.token)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(try site.entries.last?.issuer == "https://ci.example.com/organisation")
        let who = try await site.send(.get, "/v1/whoami", as: run.token)
        #expect(who.json["iss"] == "https://ci.example.com/organisation")

        let closed = try await self.site(shut: true)
        let other = try await closed.run()
        let refused = try await closed.send(.get, "/v1/token?audience=https://service.example.com", as: other.token)
        #expect(refused.status == 403)
        #expect(refused.text.contains("is shut"))
        #expect(try closed.entries.last?.kind == .tokenDenied)
        let keys = try await closed.send(.get, "/organisation/.well-known/jwks.json")
        #expect(keys.status == 200 && keys.text == #"{"keys":[]}"#)
        #expect(try await closed.send(.get, "/.well-known/jwks.json").text.contains("kid"))
    }

    @Test("a subject that is too long is its digest in the token, and the ledger says what it stands for")
    func digest() async throws {
        let site = try await site()
        let ref = "refs/heads/" + String(repeating: "r", count: 250)
        let run = try await site.run(ref: ref)
        let answer = try await site.send(.post, "/v1/targets/bare/credentials", as: run.token)
        #expect(answer.status == 200, "\(answer.text)")
        let plain = "project:acme/web:ref:\(ref):job:release"
        let entry = try #require(try site.entries.last { $0.kind == .tokenIssued })
        let claims = try JSON.parse(try #require(entry.claims))
        #expect(claims["sub"]?.asString == Subject(digestOf: plain).text)
        #expect(entry.reason == "sub stands for '\(plain)'")
        let found = try await site.send(
            .get,
            "/v1/audit/entries?kind=token.issued&subject=\(PercentEncoding.encode(Subject(digestOf: plain).text))",
            as: BrokerHarness.auditor
        )
        #expect(found.json["entries"]?.asArray?.count == 1, "\(found.text)")
    }
}
