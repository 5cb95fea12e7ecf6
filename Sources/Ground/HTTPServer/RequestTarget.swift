/// What a request asks for (RFC 9112, section 3.2): a path and a query, still percent-encoded.
struct RequestTarget: Equatable {
    let path: String
    let query: String

    /// Reads the target of any method but CONNECT, in origin-form or in absolute-form, whose authority is not looked at;
    /// nil for any other form, and for a byte that no URL may hold.
    init?(_ text: String) {
        var rest = text.utf8[...]
        guard rest.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else { return nil }
        if rest.first != UInt8(ascii: "/") {
            guard let scheme = ["http://", "https://"].first(where: { Self.begins(rest, with: $0) }) else { return nil }
            rest = rest.dropFirst(scheme.utf8.count)
            let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            guard !authority.isEmpty, !authority.contains(UInt8(ascii: "@")) else { return nil }
            rest = rest.dropFirst(authority.count)
        }
        let path = rest.prefix { $0 != UInt8(ascii: "?") }
        self.path = path.isEmpty ? "/" : String(Substring(path))
        query = String(Substring(rest.dropFirst(path.count + 1)))
    }

    private static func begins(_ text: Substring.UTF8View, with scheme: String) -> Bool {
        text.count >= scheme.utf8.count && zip(text, scheme.utf8).allSatisfy { $0 | 0x20 == $1 | 0x20 }
    }
}
