internal import JSON
internal import Locks
internal import Policy
internal import Time
internal import Tokens

/// Signing here and now, or, where the key is in a token, on the thread that waits for it: no other request waits along.
extension Broker {
    /// Signs what was granted.
    func sign(
        _ grant: Grant,
        trace: String,
        confirmation: JSON?,
        end: UnixTime?
    ) async throws(TokenError) -> SignedToken {
        let signer = now.signer
        guard signer.waits(for: grant), let signing else {
            return try signer.sign(grant, trace: trace, confirmation: confirmation, end: end)
        }
        try lookForStall()
        let handed = try await withTaskExecutorPreference(signing) {
            () async throws(TokenError) -> Handed<SignedToken> in
            Handed(try signer.sign(grant, trace: trace, confirmation: confirmation, end: end))
        }
        return handed.take()
    }

    /// Signs what a cloud must refuse.
    func sign(_ decoy: Decoy) async throws(TokenError) -> SignedDecoy {
        let signer = now.signer
        guard signer.waits(for: decoy), let signing else { return try signer.sign(decoy) }
        try lookForStall()
        let handed = try await withTaskExecutorPreference(signing) {
            () async throws(TokenError) -> Handed<SignedDecoy> in
            Handed(try signer.sign(decoy))
        }
        return handed.take()
    }

    /// Who came later would wait as long as those before.
    private func lookForStall() throws(TokenError) {
        guard let stall = keyStall() else { return }
        throw TokenError(.keyAway, "the token that holds the signing key", seen: stall, wanted: "a signature")
    }
}

/// What was signed on its way from one thread to another, which carries only what can be copied.
private final class Handed<Signed: ~Copyable & Sendable>: Sendable {
    private let signed: Lock<Signed?>

    init(_ signed: consuming sending Signed) { self.signed = Lock(signed) }

    /// What was signed, once.
    func take() -> Signed {
        guard let signed = signed.withLock({ $0.take() }) else { preconditionFailure("a token was handed on twice") }
        return signed
    }
}
