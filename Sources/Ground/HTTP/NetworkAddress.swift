internal import Glibc

/// An IPv4 or IPv6 address; one of IPv4 that is written as one of IPv6 (`::ffff:192.0.2.7`) is the same as without.
package struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    /// The 128 bits of RFC 4291, of an IPv4 address those of section 2.5.5.2.
    let high: UInt64
    let low: UInt64

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads a numeric address without port, brackets or zone, as inet_pton(3) takes it; nil for anything else.
    package init?(_ text: some StringProtocol) {
        guard (2...45).contains(text.utf8.count), !text.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard unsafe inet_pton(AF_INET6, String(text), &bytes) == 1 else { return nil }
            self.init(bytes: bytes)
        } else {
            guard unsafe inet_pton(AF_INET, String(text), &bytes) == 1 else { return nil }
            self.init(bytes: bytes.prefix(4))
        }
    }

    /// Takes the 4 or 16 bytes of an address in network order; nil for any other count.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self.init(high: 0, low: bytes.reduce(0xFFFF) { $0 << 8 | UInt64($1) })
        case 16:
            self.init(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
            )
        default: return nil
        }
    }

    /// Whether it is one of IPv4.
    package var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// What one client is taken to hold: an IPv4 address, or the 64 bits that a network hands to each of its hosts.
    package var holder: NetworkAddress { isIPv4 ? self : NetworkAddress(high: high, low: 0) }

    /// As RFC 5952 writes it.
    package var description: String {
        let words = [high, low].flatMap { word in stride(from: 56, through: 0, by: -8).map { UInt8(word >> $0 & 0xFF) }
        }
        let bytes = isIPv4 ? Array(words.suffix(4)) : words
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
            let family = isIPv4 ? AF_INET : AF_INET6
            guard let start = text.baseAddress, unsafe inet_ntop(family, bytes, start, socklen_t(text.count)) != nil
            else { return "" }
            return unsafe String(cString: start)
        }
    }
}

/// A range of addresses, such as `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    private let first: NetworkAddress
    /// How many of the 128 bits are the range's own.
    private let length: Int

    /// Reads an address and, behind a slash, how many bits of it count; nil where it is none, or further bits are set.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = NetworkAddress(parts[0]) else { return nil }
        let bits = address.isIPv4 && !parts[0].utf8.contains(UInt8(ascii: ":")) ? 32 : 128
        var length = bits
        if parts.count == 2 {
            guard let number = Int(parts[1]), String(number) == parts[1], (0...bits).contains(number) else {
                return nil
            }
            length = number
        }
        first = address
        self.length = length + 128 - bits
        // A range whose address has bits behind its length set was meant to be another one.
        guard Self.isBare(first, after: self.length) else { return nil }
    }

    /// Whether an address is one of these.
    package func contains(_ address: NetworkAddress) -> Bool { Self.isEqual(first, address, upTo: length) }

    package var description: String {
        first.isIPv4 && length >= 96 ? "\(first)/\(length - 96)" : "\(first)/\(length)"
    }

    private static func isEqual(_ one: NetworkAddress, _ other: NetworkAddress, upTo length: Int) -> Bool {
        let high = (one.high ^ other.high) & mask(min(length, 64))
        let low = (one.low ^ other.low) & mask(max(0, length - 64))
        return high == 0 && low == 0
    }

    /// Whether no bit is set behind the first `length`.
    private static func isBare(_ address: NetworkAddress, after length: Int) -> Bool {
        address.high & ~mask(min(length, 64)) == 0 && address.low & ~mask(max(0, length - 64)) == 0
    }

    /// A word whose first bits, as many as given, are set.
    private static func mask(_ bits: Int) -> UInt64 { bits == 0 ? 0 : ~0 << UInt64(64 - bits) }
}

extension [AddressRange] {
    /// Whether any of them has an address.
    package func contain(_ address: NetworkAddress) -> Bool { contains { $0.contains(address) } }
}
