/// The parts of an absolute http or https URL (RFC 3986) without user and fragment, each as it was written.
///
/// Nothing is normalised: what two parsers could read differently (escapes in a host, backslashes, dot segments) is refused,
/// so that the address that was checked is the one that is asked.
package struct WebAddress: Equatable, Sendable {
    package let isSecure: Bool
    /// A name or IPv4 address, or an IPv6 address in its brackets.
    package let host: String
    package let port: Int?
    /// Empty, or a path that begins with `/`.
    package let path: String
    /// What stands behind the first `?`.
    package let query: String?

    /// Takes a URL apart; nil where it is none.
    package init?(_ text: String) {
        isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://") else { return nil }
        let rest = text.utf8.dropFirst(isSecure ? 8 : 7)
        guard rest.allSatisfy(Self.isVisible) else { return nil }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        let tail = rest.dropFirst(authority.count)
        let path = tail.prefix { $0 != UInt8(ascii: "?") }
        // The colons of an IPv6 address stand within its brackets (RFC 3986, section 3.2.2).
        let literalEnd = authority.lastIndex(of: UInt8(ascii: "]")) ?? authority.startIndex
        let colon = authority[literalEnd...].firstIndex(of: UInt8(ascii: ":"))
        let host = authority[..<(colon ?? authority.endIndex)]
        guard Self.isHost(host), Self.isPath(path) else { return nil }
        if let colon {
            guard let port = Self.port(authority[colon...].dropFirst()) else { return nil }
            self.port = port
        } else {
            port = nil
        }
        self.host = String(decoding: host, as: UTF8.self)
        self.path = String(decoding: path, as: UTF8.self)
        query = path.count < tail.count ? String(decoding: tail.dropFirst(path.count + 1), as: UTF8.self) : nil
    }

    /// Whether the host is this machine by its very name: `localhost`, 127.0.0.0/8 or `[::1]`, whatever resolvers say.
    package var isLoopback: Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Visible ASCII without what ends a URL in running text, a fragment, and what some parsers take for a slash.
    private static func isVisible(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !"\"#<>\\^`{|}".utf8.contains(byte)
    }

    private static func isHost(_ host: Substring.UTF8View) -> Bool {
        if host.first == UInt8(ascii: "[") {
            return host.last == UInt8(ascii: "]") && host.count > 3
                && host.dropFirst().dropLast().allSatisfy { "0123456789abcdefABCDEF:.".utf8.contains($0) }
        }
        return (1...253).contains(host.count)
            && host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
                (1...63).contains(label.count) && label.first != UInt8(ascii: "-")
                    && label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
            }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func port(_ digits: Substring.UTF8View) -> Int? {
        guard (1...5).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self)).flatMap { (1...65_535).contains($0) ? $0 : nil }
    }

    private static func isPath(_ path: Substring.UTF8View) -> Bool {
        path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: true).allSatisfy { segment in
            !segment.elementsEqual(".".utf8) && !segment.elementsEqual("..".utf8)
        }
    }
}
