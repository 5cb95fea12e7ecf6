internal import Exchange

extension IssuerURL {
    /// Why a text is no issuer, and what to write instead.
    struct Refusal: Error, Equatable {
        let reason: String
        let fix: String
    }

    /// The longest issuer that AWS takes, the shortest of the limits known; `/untrusted` must fit behind it.
    static let maximumLength = 255 - "/untrusted".utf8.count

    /// Checks a text: an issuer is compared byte for byte, so whatever has two spellings is refused.
    init(parsing text: String) throws(Refusal) {
        let isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://") else {
            throw Refusal(reason: "'\(text)' is no URL of a web server", fix: "write https://ci.example.com")
        }
        let rest = String(text.dropFirst(isSecure ? 8 : 7))
        for (part, name) in [("?", "a query"), ("#", "a fragment")] where rest.contains(part) {
            throw Refusal(reason: "an issuer has no \(name)", fix: "remove what begins with '\(part)'")
        }
        guard !rest.hasSuffix("/") else {
            throw Refusal(
                reason: "an issuer has no slash at its end: relying parties compare it byte for byte",
                fix: "write \(text.dropLast())"
            )
        }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@") else {
            throw Refusal(reason: "an issuer has no user", fix: "remove what stands before '@'")
        }
        // The rules of an endpoint are those of an issuer, for host, port and path.
        guard (try? Endpoint("https://\(rest)", key: "issuer")) != nil else {
            throw Refusal(reason: "'\(text)' is no URL of a web server", fix: "write https://ci.example.com")
        }
        guard authority == authority.lowercased() else {
            throw Refusal(reason: "the host has capital letters", fix: "write it as \(authority.lowercased())")
        }
        let isLoopback = (try? Endpoint("http://\(rest)", key: "issuer")) != nil
        guard isSecure || isLoopback else {
            throw Refusal(
                reason:
                    "http is for 127.0.0.1, [::1] and localhost alone: who can change the keys on their way can sign",
                fix: "write https://\(rest)"
            )
        }
        let hasPort =
            authority.drop { $0 != "]" }.contains(":") || (!authority.hasPrefix("[") && authority.contains(":"))
        guard !authority.hasSuffix(isSecure ? ":443" : ":80") else {
            throw Refusal(
                reason: "the port is the scheme's own, which some relying parties drop and others do not",
                fix: "remove it"
            )
        }
        guard text.utf8.count <= Self.maximumLength else {
            throw Refusal(
                reason: "\(text.utf8.count) bytes, and AWS takes 255 with '/untrusted' behind it",
                fix: "choose a shorter host or path"
            )
        }
        self.init(checked: text, isLoopback: isLoopback, hasPort: hasPort)
    }
}
