import Broker
import Crypto
import Encoding
import HTTP
import JSON
import Ledger
import Runs
import Support
import Testing
import Time
import Tokens

@Suite("A request token that is bound counts in its holder's hands alone")
struct ConfirmationTests {
    private static let path = "/v1/token?audience=https://service.example.com"
    private let key: SigningKey

    init() throws { key = try SigningKey.generate(for: .es256) }

    private var thumbprint: String { JWK.thumbprint(of: key.publicKey.components) }

    private static func certificate(_ byte: UInt8) -> PeerCertificate {
        PeerCertificate(
            subjectAlternativeNames: ["runner.example.com"],
            sha256: [UInt8](repeating: byte, count: 32),
            publicKeySHA256: [UInt8](repeating: byte &+ 100, count: 32)
        )
    }

    private func register(_ site: BrokerHarness, cnf: String) async throws -> Answer {
        let body = """
            {"project": "acme/web", "workflow": "w", "job": "j", "ref": "refs/heads/main", "cnf": \(cnf)}
            """
        return try await site.send(.post, "/v1/runs", as: BrokerHarness.orchestrator, body: body)
    }

    /// A proof of the suite's key, made now.
    private func proof(
        _ site: BrokerHarness,
        _ token: String?,
        _ method: String = "GET",
        _ path: String = "/v1/token",
        by other: SigningKey? = nil
    ) throws -> String {
        let key = other ?? key
        let header: JSON = ["typ": "dpop+jwt", "alg": .string(key.algorithm.rawValue), "jwk": JWK(of: key).json]
        var claims: JSONObject = [
            "jti": .string(Hex.encode(Entropy.bytes(8))), "htm": .string(method),
            "htu": .string("https://ci.example.com\(path)"), "iat": .integer(site.book.clock.now.seconds),
        ]
        if let token { claims["ath"] = .string(Base64URL.encode(SHA256.hash(token).bytes)) }
        let input = [header, .object(claims)].map { Base64URL.encode($0.serialized()) }.joined(separator: ".")
        return "\(input).\(Base64URL.encode(try key.sign(Array(input.utf8))))"
    }

    private func ask(
        _ site: BrokerHarness,
        _ authorization: String,
        proof: String? = nil,
        certificate: PeerCertificate? = nil,
        path: String = ConfirmationTests.path
    ) async throws -> Answer {
        var fields: HTTPFields = ["Authorization": authorization]
        if let proof { fields.append("DPoP", proof) }
        return try await site.send(.get, path, fields: fields, certificate: certificate)
    }

    private static func claims(_ answer: Answer) throws -> JSON {
        let parts = try #require(answer.json["value"]?.asString, "\(answer.text)").split(separator: ".")
        return try JSON.parse(try Base64URL.decode(String(parts[1])))
    }

    @Test(
        "by a certificate: only that certificate's connection speaks for the run, after a restart too, and it is in the token"
    )
    func certificate() async throws {
        let first = try await BrokerHarness()
        let print = Base64URL.encode(Self.certificate(7).sha256)
        let made = try await register(first, cnf: #"{"x5t#S256": "\#(print)"}"#)
        let token = try #require(made.json["request_token"]?.asString, "\(made.text)")
        for site in [first, try await first.restarted()] {
            let good = try await ask(site, "Bearer \(token)", certificate: Self.certificate(7))
            #expect(try Self.claims(good)["cnf"]?["x5t#S256"] == .string(print))
            for path in [Self.path, "/v1/whoami", "/v1/contexts/legacy"] {
                for certificate in [nil, Self.certificate(8)] {
                    let refused = try await ask(site, "Bearer \(token)", certificate: certificate, path: path)
                    #expect(refused.status == 401, "\(refused.text)")
                    #expect(refused.text.contains("client certificate"))
                    #expect(try site.recorded.last == "token.denied")
                }
            }
        }
        #expect(try first.entries.contains { $0.reason?.contains("the connection shows none") == true })
    }

    @Test("by a key: each request brings a new proof by that key for this very token, and the token says which key")
    func key() async throws {
        let site = try await BrokerHarness()
        let made = try await register(site, cnf: #"{"jkt": "\#(thumbprint)"}"#)
        let token = try #require(made.json["request_token"]?.asString, "\(made.text)")
        let once = try proof(site, token)
        let good = try await ask(site, "DPoP \(token)", proof: once)
        #expect(try Self.claims(good)["cnf"]?["jkt"] == .string(thumbprint))
        let stranger = try proof(site, token, by: try SigningKey.generate(for: .es256))
        let wrong: [(String, String?, String)] = [
            ("DPoP", once, "used before"), ("DPoP", nil, "no DPoP proof"), ("DPoP", stranger, "another key"),
            ("Bearer", try proof(site, token), "wanted 'DPoP'"), ("DPoP", try proof(site, nil), "ath"),
            ("DPoP", try proof(site, "other"), "ath"), ("DPoP", try proof(site, token, "POST"), "htm"),
            ("DPoP", try proof(site, token, "GET", "/v1/whoami"), "htu"), ("DPoP", "x", "DPoP proof"),
        ]
        for (scheme, proof, reason) in wrong {
            let refused = try await ask(site, "\(scheme) \(token)", proof: proof)
            #expect(refused.status == 401, "\(refused.text)")
            #expect(refused.text.contains(reason), "\(refused.text)")
        }
        let late = try proof(site, token)
        site.book.clock.advance(by: .seconds(61))
        #expect(try await ask(site, "DPoP \(token)", proof: late).status == 401)
        #expect(try await ask(site, "DPoP \(token)", proof: try proof(site, token)).status == 200)
    }

    @Test("a job whose token is bound to nothing gets an ID token for its key, and may not claim a binding")
    func unbound() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        let bound = try await ask(site, "Bearer \(run.token)", proof: try proof(site, run.token))
        #expect(try Self.claims(bound)["cnf"]?["jkt"] == .string(thumbprint))
        let plain = try await ask(site, "Bearer \(run.token)")
        #expect(try Self.claims(plain)["cnf"] == nil)
        let broken = try await ask(site, "Bearer \(run.token)", proof: "x.y.z")
        #expect(broken.status == 400)
        #expect(broken.json["error"] == "invalid_dpop_proof")
        let claimed = try await ask(site, "DPoP \(run.token)", proof: try proof(site, run.token))
        #expect(claimed.status == 401, "\(claimed.text)")
    }

    @Test(
        "a registration whose binding cannot be read is refused",
        arguments: ["{}", "\"x\"", #"{"jkt": "AAAA"}"#, #"{"kid": "x"}"#, #"{"jkt": 1}"#, "null"]
    )
    func malformed(cnf: String) async throws {
        let site = try await BrokerHarness()
        let answer = try await register(site, cnf: cnf)
        #expect(answer.status == 400, "\(answer.text)")
        #expect(answer.text.contains("cnf"))
    }
}

@Suite("Principals are held to their bounds")
struct PrincipalBoundTests {
    private static let pin = [UInt8](repeating: 107, count: 32)

    private func site() async throws -> BrokerHarness {
        try await BrokerHarness(
            principals: """
                  - {name: pinned, role: auditor, certificate: {spki_sha256: \(Hex.encode(Self.pin))}}
                  - {name: web, role: auditor, projects: [acme/web], token_sha256: \(SHA256.hash("web").hex)}
                  - {name: owner, role: administrator, projects: [acme/web, "beta/*"], token_sha256: \(SHA256.hash("owner").hex)}

                """,
            tls: "tls: {certificate: tls.crt, private_key: tls.key, client_ca: ca.crt}\n"
        )
    }

    @Test("a pinned key is its principal, whatever the certificate is called")
    func pinned() async throws {
        let site = try await site()
        for (byte, status) in [(UInt8(107), 200), (108, 401)] {
            let certificate = PeerCertificate(
                subjectAlternativeNames: ["pinned"],
                sha256: [],
                publicKeySHA256: [UInt8](repeating: byte, count: 32)
            )
            let answer = try await site.send(.get, "/v1/audit/entries", certificate: certificate)
            #expect(answer.status == status, "\(answer.text)")
        }
    }

    @Test("an auditor of some projects reads their entries, and no others in any way")
    func auditor() async throws {
        let site = try await site()
        _ = try await site.run()
        let body = #"{"project": "acme/api", "workflow": "w", "job": "j"}"#
        #expect(try await site.send(.post, "/v1/runs", as: BrokerHarness.orchestrator, body: body).status == 201)
        let seen = try await site.send(.get, "/v1/audit/entries", as: "web").json["entries"]?.asArray ?? []
        #expect(seen.map { $0["claims"]?["project"] } == ["acme/web"])
        #expect(try await site.send(.get, "/v1/audit/entries/0", as: "web").status == 200)
        #expect(try await site.send(.get, "/v1/audit/entries/1", as: "web").status == 404)
        #expect(try await site.send(.get, "/v1/audit/entries?project=acme/api", as: "web").json["entries"] == [])
        for path in ["/v1/audit/summary", "/log/tile/entries/000"] {
            #expect(try await site.send(.get, path, as: "web").status == 403, "\(path)")
            #expect(try site.recorded.last == "admin.denied")
        }
        let all = try await site.send(.get, "/v1/audit/entries", as: BrokerHarness.auditor)
        #expect(all.json["entries"]?.asArray?.count ?? 0 >= 4)
    }

    @Test("an administrator of some projects revokes those and their runs, and does nothing else")
    func administrator() async throws {
        let site = try await site()
        let run = try await site.run()
        let cases: [(String, Int)] = [
            (#"{"project": "acme/*"}"#, 403), (#"{"project": "acme/api"}"#, 403), (#"{"kid": "abcdefgh"}"#, 403),
            (#"{"since": "2020-01-01T00:00:00Z"}"#, 403), (#"{"run": "run_0"}"#, 403), (#"{"project": "beta/*"}"#, 201),
            (#"{"project": "beta/x"}"#, 201), (#"{"run": "\#(run.id)"}"#, 201), (#"{"project": "acme/web"}"#, 201),
        ]
        for (body, status) in cases {
            let answer = try await site.send(.post, "/v1/revocations", as: "owner", body: body)
            #expect(answer.status == status, "\(body): \(answer.text)")
            if status == 403 { #expect(try site.recorded.last == "admin.denied") }
        }
        for path in ["/v1/keys", "/v1/contexts/legacy/secrets", "/v1/revocations"] {
            #expect(try await site.send(.get, path, as: "owner").status == 403, "\(path)")
            #expect(try site.recorded.last == "admin.denied")
        }
    }
}
