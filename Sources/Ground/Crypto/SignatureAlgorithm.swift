/// The signature algorithms of JOSE that this program knows: RFC 7518, section 3.1, without the symmetric ones and
/// `none`, and RFC 8037.
package enum SignatureAlgorithm: String, CaseIterable, Sendable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"

    /// Whether this program makes and signs with keys of this algorithm; it verifies all of them.
    ///
    /// A private key file says RSA or its curve and no more, so that each kind of key signs with one algorithm
    /// (RFC 8725, section 3.1), and for RSA that is the one that every relying party takes.
    package var canSign: Bool {
        switch self {
        case .rs256, .es256, .es384, .es512, .edDSA: true
        case .rs384, .rs512, .ps256, .ps384, .ps512: false
        }
    }

    /// The curve whose keys this algorithm takes; nil for RSA and Ed25519.
    package var curve: Curve? {
        switch self {
        case .es256: .p256
        case .es384: .p384
        case .es512: .p521
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512, .edDSA: nil
        }
    }

    /// Whether a key of these components is one that this algorithm takes.
    package func fits(_ components: PublicKeyComponents) -> Bool {
        switch components {
        case .rsa: isRSA
        case .ec(let curve, _, _): self.curve == curve
        case .ed25519: self == .edDSA
        }
    }

    var isRSA: Bool { self != .edDSA && curve == nil }

    var usesPSS: Bool { self == .ps256 || self == .ps384 || self == .ps512 }

    /// The hash of a message, of which the signature is made; nil where the algorithm takes the message itself.
    package func hash(_ message: [UInt8]) -> [UInt8]? { digest?.hash(message) }

    /// The digest of the message that is signed; nil where the algorithm takes the message itself.
    var digest: MessageDigest? {
        switch self {
        case .rs256, .ps256, .es256: .sha256
        case .rs384, .ps384, .es384: .sha384
        case .rs512, .ps512, .es512: .sha512
        case .edDSA: nil
        }
    }
}

/// The elliptic curves of RFC 7518, section 6.2.1.1, by their JOSE names.
package enum Curve: String, CaseIterable, Sendable {
    case p256 = "P-256"
    case p384 = "P-384"
    case p521 = "P-521"

    /// Bytes of one coordinate, and of each half of a signature.
    package var fieldByteCount: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        case .p521: 66
        }
    }
}
