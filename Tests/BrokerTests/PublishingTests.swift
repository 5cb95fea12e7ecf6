import Broker
import HTTP
import JSON
import Ledger
import Support
import Testing

@Suite("What anyone may fetch")
struct PublishingTests {
    @Test("both issuers publish discovery and keys that name each other, with a tag that saves the second fetch")
    func publishes() async throws {
        let site = try await BrokerHarness()
        for prefix in ["", "/untrusted"] {
            let discovery = try await site.send(.get, prefix + "/.well-known/openid-configuration")
            #expect(discovery.json["issuer"] == .string("https://ci.example.com" + prefix))
            #expect(discovery.json["jwks_uri"] == .string("https://ci.example.com\(prefix)/.well-known/jwks.json"))
            let keys = try await site.send(.get, prefix + "/.well-known/jwks.json")
            #expect(keys.json["keys"]?.asArray?.count == 2)
            #expect(keys.response.fields["Cache-Control"]?.contains("max-age") == true)
            let tag = try #require(keys.response.fields["ETag"])
            let again = try await site.send(.get, prefix + "/.well-known/jwks.json", fields: ["If-None-Match": tag])
            #expect(again.status == 304)
            #expect(again.response.body.isEmpty)
        }
    }

    @Test("the two issuers share no key")
    func sharesNoKey() async throws {
        let site = try await BrokerHarness()
        let trusted = try await site.send(.get, "/.well-known/jwks.json")
        let untrusted = try await site.send(.get, "/untrusted/.well-known/jwks.json")
        let kids = [trusted, untrusted].flatMap { $0.json["keys"]?.asArray ?? [] }.compactMap { $0["kid"]?.asString }
        #expect(Set(kids).count == 4)
    }

    @Test("the checkpoint verifies with the published key, and covers an entry before its answer leaves")
    func covers() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        let answer = try await site.send(.get, "/v1/token?audience=https://service.example.com", as: run.token)
        let index = try #require(answer.json["ledger_index"]?.asInteger)
        let key = try await site.send(.get, "/log/key")
        let note = try await site.send(.get, "/log/checkpoint")
        let verifier = try VerifierKey(key.text.trimmed)
        #expect(try Checkpoint(note: note.response.body, verifiedBy: verifier).size > UInt64(index))
    }

    @Test("a draining broker is not ready, and still answers what comes")
    func drains() async throws {
        let site = try await BrokerHarness()
        #expect(try await site.send(.get, "/readyz").status == 200)
        site.broker.drain()
        #expect(try await site.send(.get, "/readyz").status == 503)
        #expect(try await site.send(.get, "/healthz").status == 200)
        _ = try await site.run()
    }

    @Test("the figures count what happened")
    func counts() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        _ = try await site.send(.get, "/v1/token?audience=https://service.example.com", as: run.token)
        _ = try await site.send(.get, "/v1/token?audience=nobody", as: run.token)
        let page = try await site.send(.get, "/metrics").text
        for line in [
            "jobpass_tokens_issued_total 1", "jobpass_denials_total 1", "jobpass_ledger_entries 3",
            "jobpass_active_runs 1",
        ] {
            #expect(page.contains(line), "\(line)")
        }
    }
}

extension String {
    /// The text without the line feed at its end.
    fileprivate var trimmed: String { hasSuffix("\n") ? String(dropLast()) : self }
}
