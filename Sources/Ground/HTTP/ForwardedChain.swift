/// Who passed a request on to whom, as proxies tell in header fields: the last one first.
///
/// What anybody but the last proxy says is only as true as whoever passed it on, so it is read from the end, and as far as
/// proxies are believed. RFC 7239 (`Forwarded`); `X-Forwarded-For` has no specification but its use.
package enum ForwardedChain {
    /// The most hops that are looked at; a longer chain is malformed.
    package static let longest = 32

    /// The address that a request came from, of which `peer` passed on what is told.
    ///
    /// Hops that do not tell (`unknown`, names of their own) end the chain: what is behind them is hearsay of nobody known.
    package static func client(
        of nodes: [Node],
        through peer: NetworkAddress,
        believing isBelieved: (NetworkAddress) -> Bool
    ) -> NetworkAddress {
        var client = peer
        for node in nodes.reversed() {
            guard isBelieved(client), case .address(let address) = node else { break }
            client = address
        }
        return client
    }

    /// One hop.
    package enum Node: Equatable, Sendable {
        case address(NetworkAddress)
        /// `unknown`, or a name that hides the address (RFC 7239, sections 6.2 and 6.3).
        case hidden
    }

    /// Reads `X-Forwarded-For` fields: addresses, IPv4 ones perhaps with a port; nil where one is none.
    package static func nodes(ofForwardedFor values: [String]) -> [Node]? {
        var nodes: [Node] = []
        for value in values {
            for part in value.split(separator: ",", omittingEmptySubsequences: false) {
                guard nodes.count < longest else { return nil }
                let text = trimmed(part)
                if text == "unknown" {
                    nodes.append(.hidden)
                } else if let address = NetworkAddress(text) ?? address(text) {
                    nodes.append(.address(address))
                } else {
                    return nil
                }
            }
        }
        return nodes
    }

    /// Reads `Forwarded` fields, of which only `for` is looked at; nil where they break the grammar of section 4.
    package static func nodes(ofForwarded values: [String]) -> [Node]? {
        var nodes: [Node] = []
        for value in values {
            var scanner = Scanner(rest: value.utf8[...])
            repeat {
                guard nodes.count < longest, let node = element(&scanner) else { return nil }
                nodes.append(node)
            } while scanner.skip(UInt8(ascii: ","))
            guard scanner.rest.isEmpty else { return nil }
        }
        return nodes
    }

    /// One element: pairs with semicolons between them, each name at most once.
    private static func element(_ scanner: inout Scanner) -> Node? {
        var names: Set<String> = []
        var node = Node.hidden
        repeat {
            guard let name = scanner.token()?.lowercased(), names.insert(name).inserted, names.count <= 8,
                scanner.rest.first == UInt8(ascii: "=")
            else { return nil }
            scanner.rest.removeFirst()
            guard let value = scanner.rest.first == UInt8(ascii: "\"") ? scanner.quoted() : scanner.token() else {
                return nil
            }
            if name == "for" {
                guard let read = self.node(value) else { return nil }
                node = read
            }
        } while scanner.skip(UInt8(ascii: ";"))
        return node
    }

    /// Section 6: an IPv4 address, an IPv6 one in brackets, `unknown` or a name that begins with `_`, and perhaps a port.
    private static func node(_ text: String) -> Node? {
        if let address = address(text) { return .address(address) }
        let name = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard name.count == 1 || isPort(name[1]) else { return nil }
        if name[0] == "unknown" { return .hidden }
        let isName =
            name[0].utf8.first == UInt8(ascii: "_") && name[0].utf8.count > 1
            && name[0].utf8.allSatisfy { isLetterOrDigit($0) || [0x2E, 0x5F, 0x2D].contains($0) }
        return isName ? .hidden : nil
    }

    /// An IPv4 address or an IPv6 one in brackets, perhaps with a port.
    private static func address(_ text: String) -> NetworkAddress? {
        if text.utf8.first == UInt8(ascii: "[") {
            guard let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            let inner = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.utf8.first == UInt8(ascii: ":") && isPort(rest.dropFirst()),
                inner.utf8.contains(UInt8(ascii: ":"))
            else { return nil }
            return NetworkAddress(inner)
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 1 || isPort(parts[1]) else { return nil }
        return NetworkAddress(parts[0])
    }

    /// A number, or a name that hides it.
    private static func isPort(_ text: Substring) -> Bool {
        if text.utf8.first == UInt8(ascii: "_") {
            return text.utf8.count > 1
                && text.utf8.allSatisfy { isLetterOrDigit($0) || [0x2E, 0x5F, 0x2D].contains($0) }
        }
        return (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func trimmed(_ text: Substring) -> String {
        func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" }
        return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }

    /// The words of a field's value.
    private struct Scanner {
        var rest: Substring.UTF8View

        /// Skips a separator and the blanks around it.
        mutating func skip(_ separator: UInt8) -> Bool {
            blanks()
            guard rest.first == separator else { return false }
            rest.removeFirst()
            blanks()
            return true
        }

        private mutating func blanks() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 } }

        /// RFC 9110, section 5.6.2.
        mutating func token() -> String? {
            let token = rest.prefix { FieldText.isTokenByte($0) }
            guard !token.isEmpty else { return nil }
            rest = rest.dropFirst(token.count)
            return String(Substring(token))
        }

        /// RFC 9110, section 5.6.4; FieldText has seen to it that there is no control character.
        mutating func quoted() -> String? {
            rest.removeFirst()
            var bytes: [UInt8] = []
            while let byte = rest.popFirst() {
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard let escaped = rest.popFirst() else { return nil }
                    bytes.append(escaped)
                default: bytes.append(byte)
                }
            }
            return nil
        }
    }
}
