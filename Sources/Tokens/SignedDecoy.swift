package import Ledger
internal import Policy

/// A signed decoy that nobody has yet: like a token's, its text can be reached only by recording it, and only as a probe.
package struct SignedDecoy: ~Copyable, Sendable {
    private let token: SignedToken
    private let decoy: Decoy

    init(_ token: consuming SignedToken, of decoy: Decoy) {
        self.token = token
        self.decoy = decoy
    }

    /// Seals the decoy until its entry of kind `probe.sent` is durable.
    package consuming func seal(trace: String) -> Sealed<TokenText> {
        var entry = Entry(.probeSent, .succeeded, trace: trace)
        entry.target = decoy.target
        entry.reason = decoy.fault.rawValue
        return token.seal(recordedAs: entry)
    }
}
