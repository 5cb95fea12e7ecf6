package import Crypto

/// The hashing of RFC 9162, section 2.1.1: leaves and inner nodes are told apart by their first byte, so that none can
/// be passed off as the other.
package enum Merkle {
    /// The root of a tree without leaves.
    package static let emptyRoot = SHA256.hash([])

    /// The hash of an entry's canonical bytes.
    package static func leafHash(_ bytes: [UInt8]) -> SHA256Digest { SHA256.hash([0] + bytes) }

    /// The hash of two neighbouring subtrees.
    package static func nodeHash(_ left: SHA256Digest, _ right: SHA256Digest) -> SHA256Digest {
        var bytes: [UInt8] = [1]
        bytes.reserveCapacity(1 + 2 * SHA256Digest.byteCount)
        bytes.append(contentsOf: left.bytes)
        bytes.append(contentsOf: right.bytes)
        return SHA256.hash(bytes)
    }
}
