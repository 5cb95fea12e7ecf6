/// Where an issuer's private keys are kept, with how far each one's life has come.
///
/// Calls block. What is saved is durable when the call returns, and a failed save has changed nothing that counts: a key that is
/// half there is read as prepared. Whoever can write the storage can sign as the issuer.
package protocol KeyStorage: Sendable {
    /// Keeps every other change out, of this process and of others, until the answer is let go; nil where one is under way.
    ///
    /// - Throws: `TokenError` with code `keyRing`.
    func lock() throws(TokenError) -> (any Sendable)?

    /// The keys of a ring, in the order in which they are published.
    ///
    /// - Throws: `TokenError` with code `keyRing`.
    func load(_ ring: IssuerRing) throws(TokenError) -> [IssuerKey]

    /// Puts a ring's keys in the place of those that are there; the private halves of the removed ones are destroyed.
    ///
    /// - Throws: `TokenError` with code `keyRing`.
    func save(_ keys: [IssuerKey], removing removed: [IssuerKey], in ring: IssuerRing) throws(TokenError)
}
