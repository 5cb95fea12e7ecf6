internal import COpenSSL

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
