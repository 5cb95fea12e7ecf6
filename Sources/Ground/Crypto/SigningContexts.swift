internal import COpenSSL
internal import Locks

/// Signing operations of one key, prepared once and used again and again: preparing one costs a look-up of the algorithm
/// and several allocations, which for ES256 is a noticeable part of a signature.
///
/// There are as many as threads have signed at the same moment. The lock is held to take one and to put it back, never
/// while signing.
final class SigningContexts: Sendable {
    private let handle: KeyHandle
    private let digest: MessageDigest
    private let signatureCapacity: Int
    private let idle = Lock<[SigningContext]>([])

    /// Makes the first one, so that a key which cannot sign is found at start.
    init(_ handle: KeyHandle, _ digest: MessageDigest) throws(CryptoError) {
        self.handle = handle
        self.digest = digest
        signatureCapacity = unsafe Int(EVP_PKEY_get_size(handle.pointer))
        let first = try SigningContext(handle, digest)
        idle.withLock { $0.append(first) }
    }

    /// Signs a message, hashed by the key's digest; with a curve the signature is R and S, otherwise as it is.
    func sign(_ message: [UInt8], curve: Curve?) throws(CryptoError) -> [UInt8] {
        let context: SigningContext
        if let prepared = idle.withLock({ $0.popLast() }) {
            context = prepared
        } else {
            context = try SigningContext(handle, digest)
        }
        // One that failed is not put back: whatever state it is in ends with it.
        let signature = try context.sign(message, capacity: signatureCapacity, curve: curve)
        idle.withLock { $0.append(context) }
        return signature
    }
}

/// One prepared operation: used by one thread at a time, which `SigningContexts` sees to.
@safe private final class SigningContext: @unchecked Sendable {  // Handed on under a lock, never shared.
    private let context: OpaquePointer  // EVP_PKEY_CTX *
    private let handle: KeyHandle
    private let digest: MessageDigest

    deinit { unsafe EVP_PKEY_CTX_free(context) }

    init(_ handle: KeyHandle, _ digest: MessageDigest) throws(CryptoError) {
        guard let context = unsafe EVP_PKEY_CTX_new(handle.pointer, nil) else { throw .drained(.library, "signing") }
        unsafe self.context = context
        self.handle = handle
        self.digest = digest
        guard unsafe EVP_PKEY_sign_init(context) == 1,
            unsafe EVP_PKEY_CTX_set_signature_md(context, digest.pointer) == 1
        else { throw .drained(.key, "preparing to sign") }
    }

    func sign(_ message: [UInt8], capacity: Int, curve: Curve?) throws(CryptoError) -> [UInt8] {
        try unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { buffer throws(CryptoError) in
            let count = unsafe try write(signatureOf: message, into: buffer)
            let signature = unsafe UnsafeBufferPointer(rebasing: buffer[..<count])
            guard let curve else { return unsafe Array(signature) }
            return unsafe try ECDSASignature.jose(signature, curve: curve)
        }
    }

    private func write(
        signatureOf message: [UInt8],
        into signature: UnsafeMutableBufferPointer<UInt8>
    ) throws(CryptoError) -> Int {
        var count = signature.count
        let longestDigest = 64
        let isSigned = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longestDigest) { hash in
            var hashCount: UInt32 = 0
            return unsafe EVP_Digest(message, message.count, hash.baseAddress, &hashCount, digest.pointer, nil) == 1
                && EVP_PKEY_sign(context, signature.baseAddress, &count, hash.baseAddress, Int(hashCount)) == 1
        }
        guard isSigned else { throw .drained(.library, "signing") }
        return count
    }
}
