import Crypto
import Encoding
import JSON
import Support
import Testing
import Time
import Tokens

@Suite("Proofs that a key is held")
struct DPoPProofTests {
    private static let now = UnixTime(seconds: 1_795_340_100)
    private static let url = "https://ci.example.com/v1/token"

    @Test("the RFC's own are taken, and their key has the RFC's thumbprint", arguments: try Vectors.all("dpop.json"))
    func vectors(vector: Vector) throws {
        let made = UnixTime(seconds: try #require(vector.members["iat"]?.asInteger))
        func proof(_ token: String?, _ url: String, at now: UnixTime) throws(TokenError) -> DPoPProof {
            try DPoPProof(
                vector.members["proof"]?.asString ?? "",
                method: vector.members["method"]?.asString ?? "",
                url: url,
                accessToken: token,
                now: now
            )
        }
        let (token, url) = (vector.members["access_token"]?.asString, try vector.text("url"))
        let verified = try proof(token, url, at: made)
        #expect(verified.thumbprint == (try vector.text("thumbprint")))
        #expect(verified.issued == made)
        #expect(try proof(token, url, at: made + .seconds(60)) == verified)
        for (wrong, address, moment) in [
            ("another", url, made), (token, url + "/more", made), (token, url, made + .seconds(61)),
            (token, url, made - .seconds(61)),
        ] {
            #expect(throws: TokenError.self) { try proof(wrong, address, at: moment) }
        }
    }

    /// A proof signed by a key, its header and claims changed.
    private static func text(
        _ key: SigningKey,
        header changes: JSONObject = [:],
        _ claims: JSONObject = [:]
    ) throws -> String {
        var header: JSONObject = ["typ": "dpop+jwt", "alg": .string(key.algorithm.rawValue), "jwk": JWK(of: key).json]
        var payload: JSONObject = [
            "jti": "one", "htm": "GET", "htu": .string(url), "iat": .integer(now.seconds),
            "ath": .string(Base64URL.encode(SHA256.hash("token").bytes)),
        ]
        for member in changes.members { header[member.name] = member.value == .null ? nil : member.value }
        for member in claims.members { payload[member.name] = member.value == .null ? nil : member.value }
        let parts = [header, payload].map { Base64URL.encode(JSON.object($0).serialized()) }
        let input = Array(parts.joined(separator: ".").utf8)
        return "\(parts.joined(separator: ".")).\(Base64URL.encode(try key.sign(input)))"
    }

    private static func proof(_ text: String) throws(TokenError) -> DPoPProof {
        try DPoPProof(text, method: "GET", url: url, accessToken: "token", now: now)
    }

    @Test(
        "every algorithm that is signed with is taken, and addresses that mean the same",
        arguments: [SignatureAlgorithm.rs256, .es256, .es384, .edDSA]
    )
    func taken(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(for: algorithm)
        for address in [Self.url, "https://CI.example.com:443/v1/token", Self.url + "?audience=a#b"] {
            let proof = try Self.proof(try Self.text(key, ["htu": .string(address)]))
            #expect(proof.thumbprint == JWK.thumbprint(of: key.publicKey.components))
        }
    }

    @Test(
        "whatever differs is refused",
        arguments: [
            (["typ": "JWT"], [:]), (["typ": .null], [:]), (["jwk": .null], [:]), (["jku": "https://x.example"], [:]),
            (["crit": ["exp"]], [:]), (["alg": "RS256"], [:]), (["alg": "none"], [:]), (["alg": "HS256"], [:]),
            ([:], ["jti": .null]), ([:], ["jti": ""]), ([:], ["htm": "POST"]), ([:], ["htm": "get"]),
            ([:], ["htu": "http://ci.example.com/v1/token"]), ([:], ["htu": "https://ci.example.com/v1/Token"]),
            ([:], ["htu": "https://ci.example.com:8443/v1/token"]), ([:], ["htu": "/v1/token"]), ([:], ["ath": .null]),
            ([:], ["ath": "AAAA"]), ([:], ["iat": .null]), ([:], ["iat": "1795340100"]),
            ([:], ["iat": 1_795_340_039]), ([:], ["iat": 1_795_340_161]),
        ] as [(JSONObject, JSONObject)]
    )
    func refused(header: JSONObject, claims: JSONObject) throws {
        let key = try SigningKey.generate(for: .es256)
        let text = try Self.text(key, header: header, claims)
        #expect(throws: TokenError.self) { try Self.proof(text) }
    }

    @Test("another key's signature, a private key in the header and a token are refused")
    func keys() throws {
        let (key, other) = (try SigningKey.generate(for: .es256), try SigningKey.generate(for: .es256))
        let stranger = try Self.text(key, header: ["jwk": JWK(of: other).json])
        #expect(throws: TokenError.self) { try Self.proof(stranger) }
        var secret = try #require(JWK(of: key).json.asObject)
        secret["d"] = "AAAA"
        let leaked = try Self.text(key, header: ["jwk": .object(secret)])
        #expect(throws: TokenError.self) { try Self.proof(leaked) }
        #expect(throws: TokenError.self) { try CompactJWS(try Self.text(key)) }
        #expect(throws: TokenError.self) { try Self.proof(String(repeating: "a", count: 5_000)) }
    }
}
