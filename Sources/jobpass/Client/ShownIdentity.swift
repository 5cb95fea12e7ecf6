internal import Crypto
internal import HTTP
internal import POSIX
internal import Time
internal import Tokens

/// What a client shows its broker with each request: a token, beside it the proof of a key where it has one (RFC 9449), or nothing
/// but its client certificate, which the connection shows.
struct ShownIdentity: ~Copyable, Sendable {
    private let token: BearerToken?
    private let key: DPoPKey?

    init(_ token: consuming BearerToken?, key: DPoPKey? = nil) {
        self.token = consume token
        self.key = key
    }

    /// The fields that say who asks.
    func fields(_ method: HTTPMethod, _ url: String) throws(CommandError) -> HTTPFields {
        switch token {
        case .none: return [:]
        case .some(let token):
            guard let key else { return ["Authorization": token.authorization("Bearer")] }
            return [
                "Authorization": token.authorization("DPoP"),
                "DPoP": try Self.proof(by: key, method, url, token: token.digest),
            ]
        }
    }

    /// A proof of a request with a token, or of one that asks for a token.
    static func proof(
        by key: DPoPKey,
        _ method: HTTPMethod,
        _ url: String,
        token: SHA256Digest?
    ) throws(CommandError) -> String {
        do throws(TokenError) {
            return try key.proof(
                method: method.rawValue,
                url: url,
                accessToken: token,
                identifier: Entropy.bytes(16),
                now: SystemClock.now()
            )
        } catch {
            throw CommandError(.configuration, "\(BrokerOptions.proofKey.name): \(error)")
        }
    }
}

extension DPoPKey {
    /// The key that the environment names; nil where it names none.
    ///
    /// - Throws: `CommandError` with exit code 78 where the file cannot be used.
    static func find(in environment: Environment) throws(CommandError) -> DPoPKey? {
        let variable = BrokerOptions.proofKey.name
        guard let path = environment.nonEmpty(variable) else { return nil }
        do {
            var bytes = try Files.readSecret(path, limit: 1 << 14)
            return try DPoPKey(pem: SecretBytes(consuming: &bytes))
        } catch {
            throw CommandError(
                .configuration,
                "\(variable), \(path): \(error)",
                advice:
                    "make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem (mode 0600)"
            )
        }
    }
}

extension ClientCertificate {
    /// The certificate that the environment names; nil where it names none.
    ///
    /// - Throws: `CommandError` with exit code 78 where a file cannot be used.
    static func find(in environment: Environment) throws(CommandError) -> ClientCertificate? {
        let (certificate, key) = (BrokerOptions.certificate.name, BrokerOptions.certificateKey.name)
        guard let path = environment.nonEmpty(certificate) else {
            guard environment.nonEmpty(key) == nil else {
                throw CommandError(.configuration, "\(key) is set, and \(certificate) is not", advice: "set both")
            }
            return nil
        }
        let keyPath = environment.nonEmpty(key) ?? path
        do throws(POSIXError) {
            _ = try Files.read(path, limit: 1 << 20)
            _ = try Files.readSecret(keyPath, limit: 1 << 20)
        } catch {
            throw CommandError(
                .configuration,
                "\(environment.nonEmpty(key) == nil ? certificate : key): \(error)",
                advice: "both are PEM files; the private key's has mode 0600"
            )
        }
        return ClientCertificate(certificate: path, key: keyPath)
    }
}
