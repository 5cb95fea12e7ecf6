/// The header of the PROXY protocol, by which a proxy in front of a server tells whose connection it passes on.
///
/// It is taken piece by piece, and never a byte of what comes behind it. Versions 1 (text) and 2 (binary) of haproxy's
/// specification of 2020-03-05, https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.
package struct ProxyHeader: Sendable {
    /// What the bytes that were taken so far come to.
    package enum State: Equatable, Sendable {
        /// More has to come.
        case incomplete
        /// It is whole: the address of the client; nil where the proxy speaks for itself (LOCAL, UNKNOWN).
        case whole(NetworkAddress?)
        /// It is no such header.
        case refused
    }

    package private(set) var state = State.incomplete
    private var bytes: [UInt8] = []
    /// How many bytes a version 2 header has, once that is known.
    private var length: Int?

    /// The most bytes of a line of version 1, its end included (section 2.1).
    private static let longestLine = 107
    /// The most bytes of a version 2 header that are taken: addresses need 52, the rest is for what proxies add.
    package static let longest = 2_048
    private static let signature: [UInt8] = [0xD, 0xA, 0xD, 0xA, 0, 0xD, 0xA, 0x51, 0x55, 0x49, 0x54, 0xA]
    private static let word = Array("PROXY ".utf8)

    /// Makes a header of which nothing has come.
    package init() {}

    /// Takes bytes as they have come, and tells how many of them are the header's; the rest is the client's.
    package mutating func take(_ input: some Collection<UInt8>) -> Int {
        var taken = 0
        for byte in input {
            guard state == .incomplete else { break }
            bytes.append(byte)
            taken += 1
            state = look()
        }
        return taken
    }

    private mutating func look() -> State {
        let isBinary = bytes[0] == Self.signature[0]
        let start = isBinary ? Self.signature : Self.word
        guard zip(bytes, start).allSatisfy({ $0 == $1 }) else { return .refused }
        guard bytes.count > start.count else { return .incomplete }
        return isBinary ? lookAtBinary() : lookAtLine()
    }

    // MARK: Version 1

    private func lookAtLine() -> State {
        guard bytes.last == UInt8(ascii: "\n") else {
            return bytes.count < Self.longestLine ? .incomplete : .refused
        }
        guard bytes.dropLast().last == UInt8(ascii: "\r") else { return .refused }
        let line = bytes.dropLast(2)
        guard line.allSatisfy({ (0x20...0x7E).contains($0) }) else { return .refused }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        // Whatever follows UNKNOWN is to be ignored.
        if words[1] == "UNKNOWN" { return .whole(nil) }
        guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6", Self.isPort(words[4]), Self.isPort(words[5])
        else { return .refused }
        let isShort = words[1] == "TCP4"
        let separator = UInt8(ascii: ":")
        guard words[2...3].allSatisfy({ $0.utf8.contains(separator) != isShort && NetworkAddress($0) != nil }) else {
            return .refused
        }
        return .whole(NetworkAddress(words[2]))
    }

    private static func isPort(_ text: Substring) -> Bool {
        guard let port = UInt16(text) else { return false }
        return String(port) == text
    }

    // MARK: Version 2

    private mutating func lookAtBinary() -> State {
        switch bytes.count {
        case 13:
            // The version, then LOCAL or PROXY.
            return bytes[12] == 0x20 || bytes[12] == 0x21 ? .incomplete : .refused
        case 14, 15: return .incomplete
        case 16:
            let rest = Int(bytes[14]) << 8 | Int(bytes[15])
            guard rest <= Self.longest - 16 else { return .refused }
            length = 16 + rest
            return rest == 0 ? wholeBinary() : .incomplete
        default: return bytes.count == length ? wholeBinary() : .incomplete
        }
    }

    private func wholeBinary() -> State {
        // LOCAL: the proxy's own connection, as for its checks of health; addresses are to be ignored.
        if bytes[12] == 0x20 { return .whole(nil) }
        switch bytes[13] {
        case 0x11: return address(4, behind: 12)
        case 0x21: return address(16, behind: 36)
        case 0x00: return .whole(nil)
        // Datagrams and sockets of a file system are no client of an HTTP server.
        default: return .refused
        }
    }

    private func address(_ size: Int, behind least: Int) -> State {
        guard bytes.count >= 16 + least, let address = NetworkAddress(bytes: bytes[16..<(16 + size)]) else {
            return .refused
        }
        return .whole(address)
    }
}
