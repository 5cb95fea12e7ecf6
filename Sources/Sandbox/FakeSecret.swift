internal import Crypto
internal import Encoding
internal import JSON

/// Values that have the form of a cloud's credentials, and say that they are none.
enum FakeSecret {
    /// 20 characters, as a temporary access key of AWS has.
    static func accessKeyID() -> String { "ASIASANDBOX" + letters(9) }

    /// 40 characters, as a secret key of AWS has.
    static func secretAccessKey() -> String { "sandbox/" + Base64.encode(Entropy.bytes(24)) }

    /// A few hundred characters, as a session token of AWS has.
    static func sessionToken() -> String { "sandbox//" + Base64.encode(Entropy.bytes(240)) }

    /// 21 characters, as the id of a role has.
    static func roleID() -> String { "AROASANDBOX" + letters(10) }

    /// 26 characters, as a service token of OpenBao has.
    static func vaultToken() -> String { "s.sandbox" + letters(17) }

    /// A JWT with some claims, whose signature nobody made.
    static func token(_ claims: JSONObject) -> String {
        let header: JSONObject = ["alg": "RS256", "kid": "sandbox", "typ": "JWT"]
        let parts = [header, claims].map { Base64URL.encode(JSON.object($0).serialized()) }
        return parts.joined(separator: ".") + "." + Base64URL.encode(Entropy.bytes(256))
    }

    static func accessToken() -> String { "sandbox_" + Base64URL.encode(Entropy.bytes(32)) }

    /// The form of a UUID, which names requests.
    static func requestID() -> String {
        let hex = Hex.encode(Entropy.bytes(16))
        var groups: [Substring] = []
        var rest = hex[...]
        for count in [8, 4, 4, 4, 12] {
            groups.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return groups.joined(separator: "-")
    }

    /// Letters and digits that base32 has, each of 32 with equal chance.
    private static func letters(_ count: Int) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        return String(Entropy.bytes(count).map { alphabet[Int($0) & 31] })
    }
}
