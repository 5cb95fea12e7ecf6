internal import Crypto
internal import JSON

/// One issuer: its URL, its keys, and the documents that relying parties fetch.
///
/// A broker has two, which share nothing but the host: tokens for runs of strangers' code come from `<issuer>/untrusted`, so
/// that a cloud which trusts the one can never take a token of the other for its own (RFC 8725, section 3.12).
package struct Issuer: Sendable {
    package let url: IssuerURL
    package let keys: IssuerKeys
    /// `GET /.well-known/jwks.json`.
    package let keyDocument: PublishedDocument
    /// `GET /.well-known/openid-configuration`.
    package let discoveryDocument: PublishedDocument
    /// Whether it has been shut: it signs nothing, and publishes that it has no keys.
    package let isShut: Bool
    /// How long copies of its documents may be used.
    package let cacheTime: Duration

    /// Makes an issuer; what it publishes of its keys does not change afterwards.
    ///
    /// One that is shut publishes an empty set. Were it to answer nothing, relying parties would go on with the copy that they
    /// have, as they do in an outage.
    package init(url: IssuerURL, keys: IssuerKeys, isShut: Bool = false, cacheTime: Duration = .seconds(300)) {
        self.url = url
        self.keys = keys
        self.isShut = isShut
        self.cacheTime = cacheTime
        keyDocument = PublishedDocument(isShut ? JWKSet([]).json : keys.published.json)
        discoveryDocument = PublishedDocument(Self.discovery(url, keys))
    }

    /// The members of OpenID Connect Discovery, section 3, that apply to an issuer without authorization endpoint.
    ///
    /// AWS reports a document without the three `…_supported` lists of response types, subject types and algorithms as
    /// "couldn't retrieve verification key".
    private static func discovery(_ url: IssuerURL, _ keys: IssuerKeys) -> JSON {
        [
            "issuer": .string(url.text),
            "jwks_uri": .string(url.keys),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": .array(keys.algorithms.map { .string($0.rawValue) }),
            "claims_supported": .array(Payload.claimsSupported.map { .string($0) }),
            "scopes_supported": ["openid"],
        ]
    }
}

/// A document that is published as it is, with the tag that says whether a reader's copy is still good.
package struct PublishedDocument: Sendable {
    package let body: [UInt8]
    /// A strong entity tag with its quotes (RFC 9110, section 8.8.3): the same bytes have the same tag on every broker.
    package let entityTag: String

    init(_ json: JSON) {
        body = json.serialized()
        entityTag = "\"\(SHA256.hash(body).hex.prefix(32))\""
    }

    /// Whether an If-None-Match field names this document (RFC 9110, section 13.1.2), so that 304 is the answer.
    package func matches(ifNoneMatch field: String) -> Bool {
        field.split(separator: ",").contains { candidate in
            let tag = candidate.drop { $0 == " " || $0 == "\t" }
            let trimmed = tag.prefix(
                upTo: tag.lastIndex { $0 != " " && $0 != "\t" }.map(tag.index(after:)) ?? tag.startIndex
            )
            // The comparison is weak: a proxy may have weakened the tag when it compressed the body.
            return trimmed == "*" || (trimmed.hasPrefix("W/") ? trimmed.dropFirst(2) : trimmed) == entityTag
        }
    }
}
