internal import COpenSSL

/// Bytes that nobody may see later: one owner, overwritten when they end, and never printed by accident, as string
/// interpolation of a noncopyable value does not compile.
@safe package struct SecretBytes: ~Copyable, @unchecked Sendable {  // Written before init returns, then only read.
    private let buffer: UnsafeMutableRawBufferPointer

    deinit {
        unsafe OPENSSL_cleanse(buffer.baseAddress, buffer.count)
        unsafe buffer.deallocate()
    }

    /// Makes a secret of bytes that stay where they are; prefer `init(consuming:)` where the caller holds the only copy.
    package init(copying bytes: [UInt8]) {
        unsafe self.init(count: bytes.count) { buffer in unsafe buffer.copyBytes(from: bytes) }
    }

    /// Makes a secret of bytes and overwrites them in the caller's array, which is empty afterwards.
    ///
    /// Only this array's own storage can be overwritten: another array that shares it keeps the bytes.
    package init(consuming bytes: inout [UInt8]) {
        self.init(copying: bytes)
        unsafe bytes.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
        bytes = []
    }

    /// Makes a secret of random bytes.
    package init(random count: Int) {
        unsafe self.init(count: count) { buffer in unsafe Entropy.fill(buffer) }
    }

    /// Makes a secret that `fill` writes.
    init(count: Int, filling fill: (UnsafeMutableRawBufferPointer) -> Void) {
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe fill(buffer)
    }

    /// How many bytes there are.
    package var count: Int { unsafe buffer.count }

    /// Lends the bytes.
    ///
    /// - Throws: what `body` throws.
    package borrowing func withBytes<Result: ~Copyable, E: Error>(
        _ body: (Span<UInt8>) throws(E) -> Result
    ) throws(E) -> Result {
        try body(unsafe Span(_unsafeElements: UnsafeBufferPointer(buffer.bindMemory(to: UInt8.self))))
    }

    /// A second secret of the same bytes.
    package borrowing func copy() -> SecretBytes {
        let source = unsafe UnsafeRawBufferPointer(buffer)
        return unsafe SecretBytes(count: source.count) { buffer in unsafe buffer.copyMemory(from: source) }
    }

    /// Whether two secrets are equal, in a time that depends on their lengths alone.
    package borrowing func isEqualInConstantTime(to other: borrowing SecretBytes) -> Bool {
        guard count == other.count else { return false }
        return unsafe CRYPTO_memcmp(buffer.baseAddress, other.buffer.baseAddress, count) == 0
    }
}
