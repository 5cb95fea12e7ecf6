internal import COpenSSL
internal import Locks

/// Randomness that nobody can predict, from OpenSSL's generator.
package enum Entropy {
    /// As many random bytes as are asked for.
    ///
    /// The program stops where the system has none to give: no key, nonce or token may then be made.
    package static func bytes(_ count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            unsafe fill(UnsafeMutableRawBufferPointer(buffer))
            filled = count
        }
    }

    /// 16 bytes that no other call gets, for names such as a trace or a `jti`; never for a key, a nonce or a bearer.
    ///
    /// They come from the generator as those of `bytes` do, but in larger draws, since each draw costs more than its bytes,
    /// and so lie in memory before they are used.
    package static func identifier() -> [UInt8] { identifiers.withLock { $0.next() } }

    private static let identifiers = Lock(IdentifierPool())

    static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let start = buffer.baseAddress, buffer.count > 0 else { return }
        let isFilled = unsafe RAND_bytes(start.assumingMemoryBound(to: UInt8.self), Int32(buffer.count)) == 1
        precondition(isFilled, "OpenSSL has no randomness")
    }
}

/// Randomness in the shape that Swift's own functions take; every copy gives different values.
package struct SecureRandom: RandomNumberGenerator, Sendable {
    /// Makes a generator; all draw from the same source.
    package init() {}

    /// Eight random bytes.
    package mutating func next() -> UInt64 {
        var value: UInt64 = 0
        unsafe withUnsafeMutableBytes(of: &value) { unsafe Entropy.fill($0) }
        return value
    }
}

/// Random bytes drawn ahead, each given away once.
private struct IdentifierPool {
    private static let length = 16
    private static let drawn = 64 * length

    private var left: [UInt8] = []

    mutating func next() -> [UInt8] {
        if left.isEmpty { left = Entropy.bytes(Self.drawn) }
        let identifier = Array(left.suffix(Self.length))
        left.removeLast(Self.length)
        return identifier
    }
}
