import Crypto
import JSON
import Support
import Testing
import Tokens

@Suite("Issuers")
struct IssuerTests {
    @Test(
        "an issuer is an https URL, or http on this machine",
        arguments: [
            "https://ci.example.com", "https://ci.example.com/", "https://ci.example.com:8443/path/of/it",
            "http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080/x",
        ]
    )
    func accepted(text: String) throws { #expect(try IssuerURL(text).text == text) }

    @Test(
        "any other URL is refused",
        arguments: [
            "", "ci.example.com", "ftp://ci.example.com", "http://ci.example.com", "http://127.0.0.1.example.com",
            "http://localhost.example.com", "http://10.0.0.1", "https://", "https:///path",
            "https://ci.example.com?x=1",
            "https://ci.example.com#x", "https://user@ci.example.com", "https://user:pw@ci.example.com",
            "https://ci.example.com:0",
            "https://ci.example.com:65536", "https://ci.example.com:", "https://ci example.com",
            "https://ci.example.com\\@x",
            "https://ci.example.com/a/../b", "https://ci.example.com/./b", "https://-x.example.com",
            "https://ci..example.com",
            "https://c\u{ef}.example.com", "HTTPS://ci.example.com", "https://127.0.0.1\n", "https://[::1",
            "https://ci.example.com/\(String(repeating: "x", count: 230))",
        ]
    )
    func refused(text: String) {
        #expect { try IssuerURL(text) } throws: { ($0 as? TokenError)?.code == .issuer }
    }

    @Test(
        "discovery drops one slash at the end, as OpenID Connect says; the issuer keeps it",
        arguments: [("https://ci.example.com", "https://ci.example.com"), ("https://x.test/a/", "https://x.test/a")]
    )
    func derived(text: String, base: String) throws {
        let url = try IssuerURL(text)
        #expect(url.discovery == "\(base)/.well-known/openid-configuration")
        #expect(url.keys == "\(base)/.well-known/jwks.json")
        #expect(url.untrusted.text == "\(base)/untrusted")
        #expect(url.untrusted.discovery == "\(base)/untrusted/.well-known/openid-configuration")
    }

    @Test("the documents are these, to the byte")
    func documents() throws {
        let key = try SigningKey.ed25519(seed: Array(0..<32))
        let issuer = Issuer(
            url: try IssuerURL("https://ci.example.com"),
            keys: try IssuerKeys([IssuerKey(key, .active)])
        )
        let kid = "1IG2tMH7J2wbJZnOf8LJzQitKf7LMvoAElsuDMVM54Y"
        #expect(
            String(decoding: issuer.keyDocument.body, as: UTF8.self) == """
                {"keys":[{"kid":"\(kid)","use":"sig","alg":"EdDSA","kty":"OKP","crv":"Ed25519",\
                "x":"A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"}]}
                """
        )
        #expect(
            String(decoding: issuer.discoveryDocument.body, as: UTF8.self) == """
                {"issuer":"https://ci.example.com","jwks_uri":"https://ci.example.com/.well-known/jwks.json",\
                "response_types_supported":["id_token"],"subject_types_supported":["public"],\
                "id_token_signing_alg_values_supported":["EdDSA"],\
                "claims_supported":["iss","sub","aud","iat","nbf","exp","jti","project","project_id","workflow",\
                "workflow_id","job","run_id","attempt","ref","ref_type","sha","event","environment","actor","runner",\
                "repository","trust","jobpass_trace","job_claims"],"scopes_supported":["openid"]}
                """
        )
    }

    @Test("an entity tag is quoted, stable, and another for other bytes")
    func entityTag() throws {
        let keys = try IssuerKeys.generate(for: [.es256])
        let first = Issuer(url: try IssuerURL("https://ci.example.com"), keys: keys)
        let again = Issuer(url: try IssuerURL("https://ci.example.com"), keys: keys)
        let other = Issuer(url: try IssuerURL("https://ci.example.com/x"), keys: keys)
        let tag = first.discoveryDocument.entityTag
        #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.utf8.count == 34)
        #expect(tag == again.discoveryDocument.entityTag)
        #expect(tag != other.discoveryDocument.entityTag)
        #expect(first.keyDocument.entityTag == other.keyDocument.entityTag)
    }

    @Test("If-None-Match names a document by its tag, weakened or not, in a list, or by a star")
    func ifNoneMatch() throws {
        let keys = try IssuerKeys.generate(for: [.es256])
        let document = Issuer(url: try IssuerURL("https://ci.example.com"), keys: keys).keyDocument
        let tag = document.entityTag
        for field in [tag, "W/\(tag)", "\"x\", \(tag)", " \(tag) ", "*", "\"x\",W/\(tag),\"y\""] {
            #expect(document.matches(ifNoneMatch: field), "\(field)")
        }
        for field in ["", "\"x\"", String(tag.dropFirst().dropLast()), "W/", "\(tag)x", ", ,", "w/\(tag)"] {
            #expect(!document.matches(ifNoneMatch: field), "\(field)")
        }
    }
}

@Suite("Key rings")
struct IssuerKeysTests {
    @Test("a ring has one new key for each algorithm, in their order, and publishes all")
    func generate() throws {
        let keys = try IssuerKeys.generate(for: [.rs256, .es256, .edDSA])
        #expect(keys.algorithms == [.rs256, .es256, .edDSA])
        #expect(keys.published.keys.map(\.kid) == keys.all.map(\.kid))
        #expect(keys.signing(.es256)?.key.algorithm == .es256)
        #expect(keys.signing(.es384) == nil)
    }

    @Test("a ring read from the PEM of its keys is the same ring")
    func roundTrip() throws {
        let keys = try IssuerKeys.generate(for: [.es256, .edDSA])
        let read = try IssuerKeys(keys.all.map { try IssuerKey(pem: $0.pem(), .active) })
        #expect(read.published == keys.published)
    }

    @Test("no key, one key twice, and two keys that would sign with one algorithm are refused")
    func refused() throws {
        let first = IssuerKey(try SigningKey.generate(for: .es256), .active)
        let second = IssuerKey(try SigningKey.generate(for: .es256), .active)
        for keys in [[], [first, first], [first, second]] {
            #expect { try IssuerKeys(keys) } throws: { ($0 as? TokenError)?.code == .keyRing }
        }
        #expect { try IssuerKeys.generate(for: [.ps256]) } throws: { ($0 as? TokenError)?.code == .keyRing }
        #expect { try IssuerKeys.generate(for: [.es256, .es256]) } throws: { ($0 as? TokenError)?.code == .keyRing }
    }
}
