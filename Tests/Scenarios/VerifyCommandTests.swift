import Crypto
import Encoding
import HTTP
import JSON
import POSIX
import Support
import Testing
import Time
import Tokens

@Suite("The verification of a token from outside")
struct VerifyCommandTests {
    /// An issuer on loopback that publishes its keys, and signs what it is told.
    private struct TestIssuer {
        let broker: FakeBroker
        let keys: IssuerKeys

        init() async throws {
            broker = try await FakeBroker()
            keys = try IssuerKeys.generate(for: [.es256])
            let issuer = Issuer(url: try IssuerURL(broker.url), keys: keys)
            let documents = [
                ("/.well-known/openid-configuration", issuer.discoveryDocument),
                ("/.well-known/jwks.json", issuer.keyDocument),
            ]
            for (path, document) in documents {
                broker.answer("GET \(path)", with: HTTPResponse(status: 200, body: document.body))
            }
        }

        func sign(_ payload: [UInt8]) throws -> String {
            let key = try #require(keys.signing(.es256))
            let header: JSON = ["alg": "ES256", "kid": .string(key.kid), "typ": "JWT"]
            let input = "\(Base64URL.encode(header.serialized())).\(Base64URL.encode(payload))"
            return "\(input).\(Base64URL.encode(try key.key.sign(Array(input.utf8))))"
        }

        func token(_ changes: KeyValuePairs<String, JSON> = [:]) throws -> String {
            let now = SystemClock.now().seconds
            var claims: JSONObject = [
                "iss": .string(broker.url), "sub": "project:acme/web", "aud": "https://service.example.com",
                "iat": .integer(now), "nbf": .integer(now), "exp": .integer(now + 300), "jti": "1",
            ]
            for (name, value) in changes { claims[name] = value }
            return try sign(JSON.object(claims).serialized())
        }

        func verify(_ token: String, _ arguments: String...) throws -> BuiltCommand.Result {
            try BuiltCommand.run(["verify", "--issuer", broker.url] + arguments, input: Array("\(token)\n".utf8))
        }
    }

    private let audience = "https://service.example.com"

    @Test("a good token is shown, with who signed it")
    func good() async throws {
        let issuer = try await TestIssuer()
        let token = try issuer.token()
        let result = try issuer.verify(token, "--audience", audience)
        #expect(result.code == 0, "\(result.error)")
        #expect(result.output.contains("\nsub    project:acme/web\n"))
        #expect(result.error == "jobpass: good: ES256, key \(issuer.keys.all[0].kid)\n")
        let json = try issuer.verify(token, "-a", audience, "-a", "other", "--json", "-").output
        #expect(try JSON.parse(Array(json.utf8))["claims"]?["aud"] == .string(audience))
        let argument = try BuiltCommand.run(
            ["verify", token, "-a", audience],
            ["JOBPASS_URL": issuer.broker.url + "/"]
        )
        #expect(argument.code == 0, "\(argument.error)")
    }

    @Test("without an audience to check, that is said")
    func uncheckedAudience() async throws {
        let issuer = try await TestIssuer()
        let result = try issuer.verify(try issuer.token())
        #expect(result.code == 0)
        #expect(result.error.contains("warning: for whom the token is was not checked"))
    }

    @Test("what is wrong is named with what was seen and wanted")
    func wrong() async throws {
        let issuer = try await TestIssuer()
        let now = SystemClock.now().seconds
        let cases: [(String, [String])] = [
            (try issuer.token(["exp": .integer(now - 3_600)]), ["not valid: exp"]),
            (try issuer.token(["nbf": .integer(now + 3_600)]), ["not valid: nbf"]),
            (
                try issuer.token(["aud": "https://other.example.com"]),
                ["not valid: aud", "https://other.example.com", audience]
            ),
            (
                try issuer.token(["iss": "https://evil.example.com"]),
                ["not valid: iss", "https://evil.example.com", issuer.broker.url]
            ),
            (try issuer.token() + "A", ["not valid: "]), ("nothing", ["not valid: token"]), ("", ["not valid: "]),
        ]
        for (token, words) in cases {
            let result = try issuer.verify(token, "--audience", audience)
            #expect(result.code == 65)
            #expect(result.output.isEmpty)
            for word in words { #expect(result.error.contains(word), "\(word): \(result.error)") }
        }
    }

    @Test("another's token with our issuer's name does not verify")
    func forged() async throws {
        let issuer = try await TestIssuer()
        let other = try await TestIssuer()
        let forged = try other.token(["iss": .string(issuer.broker.url)])
        let result = try issuer.verify(forged, "--audience", audience)
        #expect(result.code == 65)
        #expect(result.error.contains("not valid: "))
    }

    @Test("an issuer that cannot be asked is no verdict on the token")
    func unreachable() async throws {
        let issuer = try await TestIssuer()
        let token = try issuer.token()
        await issuer.broker.stop()
        let result = try issuer.verify(token)
        #expect(result.code == 69)
        #expect(result.error.contains("the issuer's keys cannot be had"))
    }

    @Test("a JWS of any kind is checked by a key set, and its payload written as it is")
    func signatureOnly() async throws {
        let issuer = try await TestIssuer()
        let directory = try Files.makeTemporaryDirectory("jobpass-verify")
        defer { try? Files.removeTree(directory) }
        let file = Paths.join(directory, "keys.json")
        try Files.writeNew(file, issuer.keys.published.json.serialized())
        let jws = try issuer.sign(Array("no JSON at all\n".utf8))
        let good = try BuiltCommand.run(["verify", "--jwks", file, "--signature-only", jws])
        #expect(good.code == 0)
        #expect(good.output == "no JSON at all\n" && good.error.isEmpty)
        let changed = jws.replacing(".", with: ".AAAA", maxReplacements: 1)
        let bad = try BuiltCommand.run(["verify", "--jwks", file, "--signature-only", changed])
        #expect(bad.code == 65)
        #expect(bad.error.contains("not valid: signature"))
        let asToken = try BuiltCommand.run(["verify", "--jwks", file, jws])
        #expect(asToken.code == 65)
    }

    @Test("a file that is no key set is named")
    func noKeySet() throws {
        let result = try BuiltCommand.run(["verify", "--jwks", "/dev/null", "a.b.c"])
        #expect(result.code == 65)
        #expect(result.error.contains("/dev/null is no JWK Set"))
        #expect(try BuiltCommand.run(["verify", "--jwks", "/no/such", "a.b.c"]).code == 74)
        #expect(try BuiltCommand.run(["verify", "a.b.c"]).code == 64)
    }
}
