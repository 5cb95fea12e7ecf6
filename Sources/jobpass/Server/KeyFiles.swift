internal import Configuration
internal import Crypto
internal import POSIX
internal import Secrets
internal import Tokens

/// The files of a broker's keys, in `keys.directory`.
///
/// | file | holds |
/// | --- | --- |
/// | `trusted/ALG-KID.pem` | a key of the issuer, by its algorithm and the first 8 characters of its kid |
/// | `untrusted/ALG-KID.pem` | a key of the second issuer, for runs whose trust is `untrusted` |
/// | `issuers/NAME/trusted/`, `issuers/NAME/untrusted/` | the same of a further issuer |
/// | `trusted/life.json`, `untrusted/life.json` | how far each key's life has come; without it every key signs |
/// | `ledger.pem` | the Ed25519 key that signs checkpoints |
/// | `master.key` | the key that seals static secrets, unless `secrets.master_key` says another place |
///
/// Each has mode 0600 in directories of mode 0700. `serve` reads them and makes none; a file whose name is not that of the
/// key in it is refused, as somebody has put it there by mistake.
struct KeyFiles: Sendable {
    /// Which of the two issuers a key signs for.
    typealias Ring = IssuerRing

    let directory: String
    let algorithms: [SignatureAlgorithm]
    let masterKey: String
    /// The rings of every issuer that is configured.
    let rings: [Ring]

    init(_ settings: Settings) {
        directory = settings.keys.directory
        algorithms = settings.keys.algorithms
        masterKey = settings.secrets.masterKey
        rings = Ring.rings(of: nil) + settings.issuers.flatMap { Ring.rings(of: $0.name) }
    }

    /// Where a ring's keys are.
    func directory(of ring: Ring) -> String {
        Paths.join(directory, ring.issuer == nil ? ring.rawValue : "issuers/\(ring.rawValue)")
    }

    /// Where the key is that signs checkpoints.
    var ledgerKey: String { Paths.join(directory, "ledger.pem") }

    /// The name of a key's file.
    static func name(of key: IssuerKey) -> String { "\(key.key.algorithm.rawValue)-\(key.kid.prefix(8)).pem" }
}
