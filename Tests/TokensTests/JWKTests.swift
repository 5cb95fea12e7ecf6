import Crypto
import JSON
import Support
import Testing
import Tokens

@Suite("Keys as JSON")
struct JWKTests {
    @Test("a new issuer's key has a kid that no command takes for an option")
    func typeable() throws {
        // Of 64 kids one begins with '-': that none of 700 does is chance once in 60,000 times.
        for _ in 1...700 {
            let key = IssuerKey(try SigningKey.forIssuer(.es256), .active)
            #expect(!key.kid.hasPrefix("-"))
        }
    }

    @Test("a thumbprint is that of RFC 7638", arguments: try Vectors.all("thumbprints.json"))
    func thumbprint(vector: Vector) throws {
        let jwk = try JWK(#require(vector.members["key"]))
        #expect(JWK.thumbprint(of: jwk.key.components) == (try vector.text("thumbprint")))
    }

    @Test(
        "our keys have the members that every relying party takes, and none besides",
        arguments: [
            (SignatureAlgorithm.rs256, ["kid", "use", "alg", "kty", "n", "e"]),
            (.es256, ["kid", "use", "alg", "kty", "crv", "x", "y"]),
            (.edDSA, ["kid", "use", "alg", "kty", "crv", "x"]),
        ]
    )
    func members(algorithm: SignatureAlgorithm, names: [String]) throws {
        let key = try SigningKey.generate(for: algorithm)
        let jwk = JWK(of: key)
        #expect(jwk.json.asObject?.members.map(\.name) == names)
        #expect(jwk.json["alg"]?.asString == algorithm.rawValue)
        #expect(jwk.json["use"] == "sig")
        #expect(jwk.json["kid"]?.asString == JWK.thumbprint(of: key.publicKey.components))
        let read = try JWK(jwk.json)
        #expect(read == jwk)
        #expect(read.json == jwk.json)
    }

    @Test(
        "what is no usable public key is refused",
        arguments: [
            [:], [], "text", ["kty": "oct", "k": "AAAA"], ["kty": "RSA"], ["kty": "RSA", "n": "AQAB", "e": "AQAB"],
            ["kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"],
            ["kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"],
            ["kty": "OKP", "crv": "X25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"],
            ["kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
            ["kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "AA"],
            ["kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": 1],
            ["kty": "OKP", "crv": "Ed25519", "x": 1],
        ] as [JSON]
    )
    func refused(json: JSON) {
        #expect { try JWK(json) } throws: { ($0 as? TokenError)?.code == .key }
    }

    @Test(
        "use and key_ops say whether a key is for signatures",
        arguments: [
            ([:], true), (["use": "sig"], true), (["use": "enc"], false), (["key_ops": ["verify"]], true),
            (["key_ops": ["encrypt"]], false), (["key_ops": []], false), (["key_ops": "verify"], false),
            (["use": "sig", "key_ops": ["sign", "verify"]], true), (["use": "enc", "key_ops": ["verify"]], false),
        ] as [(JSONObject, Bool)]
    )
    func use(members: JSONObject, isForSignatures: Bool) throws {
        var key: JSONObject = ["kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]
        for member in members.members { key[member.name] = member.value }
        #expect(try JWK(.object(key)).isForSignatures == isForSignatures)
    }

    @Test("a set keeps the keys that can be used and says of the others why not")
    func set() throws {
        let good = JWK(of: try SigningKey.generate(for: .es256))
        let set = try JWKSet(
            parsing: (["keys": [["kty": "oct", "kid": "shared", "k": "AAAA"], good.json, ["kty": "AKP"]], "more": 1]
                as JSON)
                .serialized()
        )
        #expect(set.keys == [good])
        #expect(
            set.skipped == ["'shared' has a key of type oct", "a key without kid has a key of type AKP"]
        )
    }

    @Test("a lone key is a set of one")
    func lone() throws {
        let key = JWK(of: try SigningKey.generate(for: .es256))
        #expect(try JWKSet(parsing: key.json.serialized()).keys == [key])
    }

    @Test("what is no key set is refused", arguments: ["", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[],"keys":[]}"#])
    func noSet(text: String) {
        #expect { try JWKSet(parsing: Array(text.utf8)) } throws: { ($0 as? TokenError)?.code == .discovery }
    }

    @Test("a set may have 200 keys and no more")
    func count() throws {
        func set(_ count: Int) -> [UInt8] {
            (["keys": .array(Array(repeating: [:], count: count))] as JSON).serialized()
        }
        #expect(try JWKSet(parsing: set(200)).skipped.count == 200)
        #expect { try JWKSet(parsing: set(201)) } throws: { ($0 as? TokenError)?.code == .discovery }
    }
}
