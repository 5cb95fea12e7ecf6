package import JSON

/// An issuer's published keys (RFC 7517, section 5).
package struct JWKSet: Equatable, Sendable {
    /// The most keys that are read: AWS takes 100 of each kind.
    package static let maximumKeys = 200

    package let keys: [JWK]
    /// What was left out and why: keys of unknown kinds are to be skipped (section 5), and a person looks for them here.
    package let skipped: [String]

    /// Makes a set of our own keys.
    package init(_ keys: [JWK]) {
        self.keys = keys
        skipped = []
    }

    /// Reads a set that somebody else published; a lone JWK counts as a set of one.
    ///
    /// - Throws: `TokenError` with code `discovery` where it is none or has too many keys.
    package init(parsing bytes: [UInt8]) throws(TokenError) {
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(bytes)
        } catch {
            throw TokenError(.discovery, "JWKS", seen: "no JSON (\(error))", wanted: "an object with keys")
        }
        let lone = json["kty"] != nil ? [json] : nil
        guard let elements = lone ?? json["keys"]?.asArray else {
            throw TokenError(.discovery, "JWKS", seen: "no member keys", wanted: "an object with an array of keys")
        }
        guard elements.count <= Self.maximumKeys else {
            throw TokenError(.discovery, "JWKS", seen: "\(elements.count) keys", wanted: "at most \(Self.maximumKeys)")
        }
        var keys: [JWK] = []
        var skipped: [String] = []
        for element in elements {
            do throws(TokenError) {
                keys.append(try JWK(element))
            } catch {
                skipped.append("\(element["kid"]?.asString.map { "'\($0)'" } ?? "a key without kid") has \(error.seen)")
            }
        }
        self.keys = keys
        self.skipped = skipped
    }

    /// The set as JSON.
    package var json: JSON { ["keys": .array(keys.map(\.json))] }
}
