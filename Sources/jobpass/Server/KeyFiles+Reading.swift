internal import Crypto
internal import Keystores
internal import POSIX
internal import Tokens

extension KeyFiles {
    /// The keys of one issuer.
    ///
    /// - Throws: `CommandError` with exit code 78 where a file is not closed to others, is no key, has not the name of its key, or
    ///   where a configured algorithm has no key.
    func keys(of ring: Ring) throws(CommandError) -> IssuerKeys {
        try IssuerKeys(complete: allKeys(of: ring), for: algorithms, from: directory(of: ring))
    }

    /// Every key of one issuer that is not retired, with how far its life has come.
    ///
    /// - Throws: `CommandError` with exit code 78 where a file is not closed to others, is no key, or has not the name of its key.
    func allKeys(of ring: Ring) throws(CommandError) -> [IssuerKey] {
        let directory = directory(of: ring)
        let lives = try lives(of: ring)
        let names: [String]
        do throws(POSIXError) { names = try Files.list(directory).filter { $0.hasSuffix(".pem") } } catch {
            let advice = ring.issuer.map { "make its first keys: jobpass keys create \($0)" } ?? Self.advice
            throw CommandError(.configuration, error.description, advice: advice)
        }
        var keys: [IssuerKey] = []
        for name in names {
            let path = Paths.join(directory, name)
            let signing = try signingKey(path)
            let kid = JWK.thumbprint(of: signing.publicKey.components)
            if let lives, lives.removed.contains(kid) { continue }
            let key = IssuerKey(signing, lives.map { $0.lives[kid] ?? KeyLife(.prepared, since: nil) } ?? .active)
            guard Self.name(of: key) == name else {
                throw CommandError(
                    .configuration,
                    "\(path) holds the key \(key.kid) for \(key.key.algorithm.rawValue), whose file is named \(Self.name(of: key))",
                    advice: "put the file back that belongs there, or give this one its name"
                )
            }
            keys.append(key)
        }
        return keys.inOrder(of: algorithms)
    }

    /// The key that signs checkpoints.
    ///
    /// - Throws: `CommandError` with exit code 78.
    func checkpointKey() throws(CommandError) -> SigningKey { try signingKey(ledgerKey) }

    private func signingKey(_ path: String) throws(CommandError) -> SigningKey {
        let contents = try secret(path)
        do throws(CryptoError) { return try SigningKey(pem: contents) } catch {
            throw CommandError(.configuration, "\(path) holds no private key that is used here: \(error.detail)")
        }
    }

    func secret(_ path: String) throws(CommandError) -> SecretBytes {
        do throws(POSIXError) {
            var bytes = try Files.readSecret(path, limit: 1 << 16)
            return SecretBytes(consuming: &bytes)
        } catch {
            throw CommandError(.configuration, error.description, advice: error.isNotFound ? Self.advice : nil)
        }
    }

    private static let advice = "keys are made by 'jobpass init', for a broker that has none yet"
}
