internal import Delivery
internal import Locks

/// The mask of a child's outputs, which becomes another whenever the child is given further secrets.
final class SharedMask: Sendable {
    private struct Current {
        var secrets: MaskedSecrets
        var mask: Mask
        var version = 0
    }

    private let current: Lock<Current>

    /// - Throws: `DeliveryError` with code `mask` where the secrets are too many.
    init(_ secrets: MaskedSecrets) throws(DeliveryError) {
        current = Lock(Current(secrets: secrets, mask: try Mask(secrets)))
    }

    /// The mask, and the number by which a later one is told from it.
    var latest: (mask: Mask, version: Int) { current.withLock { ($0.mask, $0.version) } }

    /// Takes a secret of this program's own in, before the child is given it.
    ///
    /// - Throws: `DeliveryError` with code `mask`.
    func add(_ source: String, _ secret: String) throws(DeliveryError) {
        try change { $0.add(source, [Array(secret.utf8)]) }
    }

    /// Takes a source's new secrets in, before the child is given them.
    ///
    /// - Throws: `DeliveryError` with code `mask` where they are too many; the child must not be given them then.
    func add(_ credential: borrowing CredentialAnswer) throws(DeliveryError) {
        try change { $0.add(credential) }
    }

    private func change(_ body: (inout MaskedSecrets) -> Void) throws(DeliveryError) {
        var secrets = current.withLock { $0.secrets }
        body(&secrets)
        let mask = try Mask(secrets)
        current.withLock { $0 = Current(secrets: secrets, mask: mask, version: $0.version + 1) }
    }
}
