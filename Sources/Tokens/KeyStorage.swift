package import Crypto

/// Where an issuer's private keys are kept, with how far each one's life has come.
///
/// Calls block. What is saved is durable when the call returns, and a failed save has changed nothing that counts: a key that is
/// half there is read as prepared. Whoever can write the storage can sign as the issuer.
package protocol KeyStorage: Sendable {
    /// Keeps every other change out, of this process and of others, until the answer is let go; nil where one is under way.
    ///
    /// - Throws: `TokenError` with code `keyRing`.
    func lock() throws(TokenError) -> (any Sendable)?

    /// Lets others make changes again; where this is never called, because the process ended, they wait for a while.
    func release(_ lock: any Sendable)

    /// Makes a new key where keys of this storage live; it is in no ring yet.
    ///
    /// - Throws: `TokenError` with code `keyLife`.
    func make(_ algorithm: SignatureAlgorithm) throws(TokenError) -> SigningKey

    /// Destroys what `make` made and no ring took.
    func discard(_ keys: [SigningKey])

    /// The keys of a ring, in the order in which they are published.
    ///
    /// - Throws: `TokenError` with code `keyRing`.
    func load(_ ring: IssuerRing) throws(TokenError) -> [IssuerKey]

    /// Puts a ring's keys in the place of those that are there; the private halves of the removed ones are destroyed.
    ///
    /// - Throws: `TokenError` with code `keyRing`.
    func save(_ keys: [IssuerKey], removing removed: [IssuerKey], in ring: IssuerRing) throws(TokenError)
}

/// What suits keys that are but bytes in memory until they are saved, and locks that end with their value.
extension KeyStorage {
    /// As `KeyStorage` promises: the lock ends with the value.
    package func release(_ lock: any Sendable) {}

    /// As `KeyStorage` promises: a key in memory.
    package func make(_ algorithm: SignatureAlgorithm) throws(TokenError) -> SigningKey {
        try makeInMemory(algorithm)
    }

    /// Makes a key in this process.
    ///
    /// - Throws: `TokenError` with code `keyLife`.
    package func makeInMemory(_ algorithm: SignatureAlgorithm) throws(TokenError) -> SigningKey {
        do throws(CryptoError) { return try SigningKey.forIssuer(algorithm) } catch {
            throw TokenError(
                .keyLife,
                algorithm.rawValue,
                seen: error.detail,
                wanted: "an algorithm that is signed with"
            )
        }
    }

    /// As `KeyStorage` promises: nothing of it is left.
    package func discard(_ keys: [SigningKey]) {}
}
