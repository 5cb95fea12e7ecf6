import Crypto
import HTTP
import JSON
import Sandbox
import Support
import Testing
import Time
import Tokens
import XML

@Suite("The stand-in for AWS STS")
struct STSStandInTests {
    private static let role = "arn:aws:iam::123456789012:role/ci/deploy"

    private func assume(
        _ sandbox: SandboxHarness,
        _ token: String,
        _ changes: KeyValuePairs<String, String?> = [:]
    ) async throws -> (status: Int, document: XMLElement) {
        var form: [(String, String)] = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", Self.role),
            ("RoleSessionName", "acme-web-1"), ("WebIdentityToken", token), ("DurationSeconds", "900"),
        ]
        for (name, value) in changes {
            form.removeAll { $0.0 == name }
            if let value { form.append((name, value)) }
        }
        let body = FormText(form)
        let response = try await sandbox.send(
            .post,
            "/",
            fields: ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"],
            body: body.bytes
        )
        #expect(response.fields["Content-Type"] == "text/xml")
        return (response.status, try XMLElement.parse(response.body))
    }

    @Test("a good token becomes a credential of the form that AWS gives", arguments: [SignatureChoice.rs256, .es256])
    func taken(algorithm: SignatureChoice) async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: "sts.amazonaws.com"), algorithm.algorithm)
        let (status, document) = try await assume(sandbox, token)
        #expect(status == 200)
        #expect(document.name == "AssumeRoleWithWebIdentityResponse")
        #expect(document.namespace == "https://sts.amazonaws.com/doc/2011-06-15/")
        let result = try #require(document.child("AssumeRoleWithWebIdentityResult"))
        let credentials = try #require(result.child("Credentials"))
        let accessKey = try #require(credentials.child("AccessKeyId")?.text)
        #expect(accessKey.hasPrefix("ASIASANDBOX") && accessKey.utf8.count == 20)
        #expect(credentials.child("SecretAccessKey")?.text.utf8.count == 40)
        #expect(credentials.child("SessionToken")?.text.hasPrefix("sandbox") == true)
        #expect(credentials.child("Expiration")?.text == RFC3339.format(sandbox.clock.now + .seconds(900)))
        #expect(result.child("SubjectFromWebIdentityToken")?.text == "project:acme/web:ref:refs/heads/main")
        #expect(result.child("Audience")?.text == "sts.amazonaws.com")
        let host = sandbox.issuer.url.text.dropFirst("http://".count)
        #expect(result.child("Provider")?.text == "arn:aws:iam::123456789012:oidc-provider/\(host)")
        let user = try #require(result.child("AssumedRoleUser"))
        #expect(user.child("Arn")?.text == "arn:aws:sts::123456789012:assumed-role/deploy/acme-web-1")
        #expect(user.child("AssumedRoleId")?.text.hasSuffix(":acme-web-1") == true)
        #expect(document.child("ResponseMetadata")?.child("RequestId")?.text.utf8.count == 36)
        let taken = SandboxEvent.Outcome.taken(subject: "project:acme/web:ref:refs/heads/main")
        #expect(sandbox.events.map(\.outcome) == [taken])
    }

    @Test("no two credentials are the same")
    func distinct() async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: "sts.amazonaws.com"))
        var keys: Set<String> = []
        for _ in 0..<3 {
            let (_, document) = try await assume(sandbox, token)
            let result = document.child("AssumeRoleWithWebIdentityResult")
            keys.insert(result?.child("Credentials")?.child("AccessKeyId")?.text ?? "")
        }
        #expect(keys.count == 3)
    }

    @Test(
        "parameters outside the model are refused before the token is looked at",
        arguments: [
            (["RoleArn": nil], "ValidationError"), (["RoleArn": "deploy"], "ValidationError"),
            (["RoleArn": "arn:aws:iam::12345:role/deploy"], "ValidationError"),
            (["RoleArn": "arn:aws:iam::123456789012:user/deploy"], "ValidationError"),
            (["RoleSessionName": nil], "ValidationError"), (["RoleSessionName": "a"], "ValidationError"),
            (["RoleSessionName": "a b"], "ValidationError"), (["RoleSessionName": "a/b"], "ValidationError"),
            (["RoleSessionName": String(repeating: "a", count: 65)], "ValidationError"),
            (["WebIdentityToken": nil], "ValidationError"), (["WebIdentityToken": "a.b"], "ValidationError"),
            (["WebIdentityToken": String(repeating: "a", count: 20_001)], "ValidationError"),
            (["DurationSeconds": "899"], "ValidationError"), (["DurationSeconds": "43201"], "ValidationError"),
            (["DurationSeconds": "1h"], "ValidationError"), (["Policy": ""], "ValidationError"),
            (["Policy": String(repeating: "a", count: 2049)], "ValidationError"),
            (["ProviderId": "www.amazon.com"], "ValidationError"), (["Action": "GetSessionToken"], "InvalidAction"),
            (["Version": "2010-01-01"], "InvalidAction"), (["Action": nil], "InvalidAction"),
        ] as [([String: String?], String)]
    )
    func parameters(changes: [String: String?], code: String) async throws {
        let sandbox = try await SandboxHarness()
        var form: [(String, String)] = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", Self.role),
            ("RoleSessionName", "acme-web-1"), ("WebIdentityToken", "a.b.c"), ("DurationSeconds", "900"),
        ]
        for (name, value) in changes {
            form.removeAll { $0.0 == name }
            if let value { form.append((name, value)) }
        }
        let response = try await sandbox.send(.post, "/", body: FormText(form).bytes)
        let error = try #require(try XMLElement.parse(response.body).child("Error"))
        #expect(response.status == 400)
        #expect(error.child("Code")?.text == code)
        #expect(error.child("Type")?.text == "Sender")
        #expect(sandbox.events.isEmpty)
    }

    @Test("a parameter that is there twice is refused")
    func twice() async throws {
        let sandbox = try await SandboxHarness()
        let body = Array("Action=AssumeRoleWithWebIdentity&Action=AssumeRoleWithWebIdentity".utf8)
        let response = try await sandbox.send(.post, "/", body: body)
        #expect(try XMLElement.parse(response.body).child("Error")?.child("Code")?.text == "MalformedQueryString")
    }

    /// How a token is spoilt, and what STS says of it.
    static let spoilt: [SpoiltToken] = [
        SpoiltToken("for another audience", "InvalidIdentityToken") { claims, _ in claims["aud"] = "vault" },
        SpoiltToken("for several, ours among them", "InvalidIdentityToken") { claims, _ in
            claims["aud"] = ["sts.amazonaws.com", "vault"]
        },
        SpoiltToken("expired beyond the skew", "ExpiredTokenException") { claims, now in
            claims["exp"] = .integer(now - 301)
        },
        SpoiltToken("from the future", "InvalidIdentityToken") { claims, now in claims["nbf"] = .integer(now + 301) },
        SpoiltToken("of a stranger", "InvalidIdentityToken") { claims, _ in claims["iss"] = "https://example.com" },
        SpoiltToken("without an issuer", "InvalidIdentityToken") { claims, _ in claims["iss"] = nil },
        SpoiltToken("without a subject", "InvalidIdentityToken") { claims, _ in claims["sub"] = nil },
        SpoiltToken("without an end", "InvalidIdentityToken") { claims, _ in claims["exp"] = nil },
        SpoiltToken("without a beginning", "InvalidIdentityToken") { claims, _ in claims["iat"] = nil },
        SpoiltToken("with a fraction of a second", "InvalidIdentityToken") { claims, now in
            claims["exp"] = .number(Double(now) + 300.5)
        },
        SpoiltToken("pinned to another role", "InvalidIdentityToken") { claims, _ in
            claims["https://aws.amazon.com/roles"] = ["arn:aws:iam::123456789012:role/other"]
        },
        SpoiltToken("with a tag of two values", "InvalidIdentityToken") { claims, _ in
            claims["https://aws.amazon.com/tags"] = ["principal_tags": ["Team": ["a", "b"]]]
        },
        SpoiltToken("with a tag that is no list", "InvalidIdentityToken") { claims, _ in
            claims["https://aws.amazon.com/tags"] = ["principal_tags": ["Team": "a"]]
        },
        SpoiltToken("with a tag in characters that AWS does not take", "InvalidIdentityToken") { claims, _ in
            claims["https://aws.amazon.com/tags"] = ["principal_tags": ["Team": ["o'neill"]]]
        },
        SpoiltToken("with a tag of AWS's own", "InvalidIdentityToken") { claims, _ in
            claims["https://aws.amazon.com/tags"] = ["principal_tags": ["aws:team": ["a"]]]
        },
        SpoiltToken("with a tag twice but for its case", "InvalidIdentityToken") { claims, _ in
            claims["https://aws.amazon.com/tags"] = ["principal_tags": ["Team": ["a"], "team": ["a"]]]
        },
        SpoiltToken("with a transitive tag that it has not", "InvalidIdentityToken") { claims, _ in
            claims["https://aws.amazon.com/tags"] = ["principal_tags": ["a": ["b"]], "transitive_tag_keys": ["c"]]
        },
        SpoiltToken("with tags of no shape", "InvalidIdentityToken") { claims, _ in
            claims["https://aws.amazon.com/tags"] = ["Team": "web"]
        },
        SpoiltToken("with a source identity that AWS does not take", "InvalidIdentityToken") { claims, _ in
            claims["https://aws.amazon.com/source_identity"] = "Jane Doe"
        },
        SpoiltToken("pinned to no role", "InvalidIdentityToken") { claims, _ in
            claims["https://aws.amazon.com/roles"] = []
        },
    ]

    @Test("a token that the cloud would refuse is refused in its words", arguments: spoilt)
    func refused(_ spoilt: SpoiltToken) async throws {
        let sandbox = try await SandboxHarness()
        var claims = sandbox.claims(for: "sts.amazonaws.com")
        spoilt.change(&claims, sandbox.clock.now.seconds)
        let (status, document) = try await assume(sandbox, try sandbox.issuer.sign(claims))
        #expect(status == 400)
        #expect(document.name == "ErrorResponse")
        #expect(document.child("Error")?.child("Code")?.text == spoilt.code)
        #expect(sandbox.events.count == 1)
    }

    @Test("a changed payload, another's signature, and an algorithm that AWS does not take are refused")
    func forged() async throws {
        let sandbox = try await SandboxHarness()
        let claims = sandbox.claims(for: "sts.amazonaws.com")
        let stranger = try await TestIssuer(newKeysFor: [.es256])
        let tokens = [
            try sandbox.issuer.sign(claims).replacingPayload(
                with: try sandbox.issuer.sign(["iss": claims["iss"] ?? .null])
            ),
            try stranger.sign(claims, .es256), try sandbox.issuer.sign(claims, .edDSA),
            try sandbox.issuer.sign(claims, header: ["alg": "none"]),
            try sandbox.issuer.sign(claims, header: ["alg": "HS256"]),
            try sandbox.issuer.sign(claims, header: ["crit": ["x"]]), "not.a.token",
        ]
        for token in tokens {
            let (status, document) = try await assume(sandbox, token)
            #expect(status == 400)
            #expect(document.child("Error")?.child("Code")?.text == "InvalidIdentityToken")
        }
    }

    @Test("what AWS lets pass passes: five minutes of skew, a pinned role, an authorised party")
    func tolerated() async throws {
        let sandbox = try await SandboxHarness()
        let now = sandbox.clock.now.seconds
        var late = sandbox.claims(for: "sts.amazonaws.com")
        late["exp"] = .integer(now - 299)
        var pinned = sandbox.claims(for: "sts.amazonaws.com")
        pinned["https://aws.amazon.com/roles"] = .string("arn:aws:iam::123456789012:role/other;\(Self.role)")
        pinned["https://aws.amazon.com/source_identity"] = "somebody"
        pinned["https://aws.amazon.com/tags"] = [
            "principal_tags": ["Team": ["Grüne Wiese"], "Project": ["acme/web"]], "transitive_tag_keys": ["Team"],
        ]
        var several = sandbox.claims(for: "sts.amazonaws.com")
        several["aud"] = ["sts.amazonaws.com", "vault"]
        several["azp"] = "sts.amazonaws.com"
        for claims in [late, pinned, several] {
            let (status, document) = try await assume(sandbox, try sandbox.issuer.sign(claims))
            #expect(status == 200)
            let result = document.child("AssumeRoleWithWebIdentityResult")
            let identity = claims["https://aws.amazon.com/source_identity"]?.asString
            #expect(result?.child("SourceIdentity")?.text == identity)
        }
    }

    @Test("an issuer that cannot be reached is said to be just that, so that a client may try again")
    func unreachable() async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: "sts.amazonaws.com"))
        await sandbox.issuer.takeDown()
        let (status, document) = try await assume(sandbox, token)
        #expect(status == 400)
        #expect(document.child("Error")?.child("Code")?.text == "IDPCommunicationError")
    }

    @Test("text of the token's cannot become markup")
    func escaping() async throws {
        let sandbox = try await SandboxHarness()
        var claims = sandbox.claims(for: "sts.amazonaws.com")
        claims["sub"] = "a<Credentials/>&amp;]]>\u{1}b"
        let (status, document) = try await assume(sandbox, try sandbox.issuer.sign(claims))
        #expect(status == 200)
        let result = document.child("AssumeRoleWithWebIdentityResult")
        #expect(result?.child("SubjectFromWebIdentityToken")?.text == "a<Credentials/>&amp;]]> b")
    }
}
