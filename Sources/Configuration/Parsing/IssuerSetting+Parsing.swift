internal import HTTP
internal import Text

extension IssuerSetting {
    /// Why a text is no issuer, and what to write instead.
    struct Refusal: Error, Equatable {
        let reason: String
        let fix: String
    }

    /// The longest issuer: 255 bytes are the most that AWS takes, and `/untrusted` must fit behind it.
    static let maximumLength = 255 - "/untrusted".utf8.count

    /// Checks a text: an issuer is compared byte for byte, so whatever has a second spelling is refused.
    init(parsing text: String) throws(Refusal) {
        try Self.checkParts(of: text)
        guard let address = WebAddress(text), Self.isPlain(address.path) else {
            throw Refusal(reason: "it is no URL of a web server", fix: "write https://ci.example.com")
        }
        let lowered = address.host.lowercased()
        guard address.host.isSameBytes(as: lowered) else {
            throw Refusal(reason: "the host has capital letters", fix: "write it as \(lowered)")
        }
        guard address.isSecure || address.isLoopback else {
            throw Refusal(
                reason:
                    "http is for 127.0.0.1, [::1] and localhost alone: who can change the keys on their way can sign",
                fix: "write https://\(text.dropFirst("http://".count))"
            )
        }
        guard address.port != (address.isSecure ? 443 : 80) else {
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
        self.init(checked: text, address: address)
    }

    /// Refuses what an issuer does not have, each by its own name.
    private static func checkParts(of text: String) throws(Refusal) {
        for (part, name) in [("?", "a query"), ("#", "a fragment")] where text.contains(part) {
            throw Refusal(reason: "an issuer has no \(name)", fix: "remove what begins with '\(part)'")
        }
        let authority = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).last ?? ""
        guard !authority.prefix(while: { $0 != "/" }).contains("@") else {
            throw Refusal(reason: "an issuer has no user", fix: "remove what stands before '@'")
        }
        guard !text.hasSuffix("/") || authority.isEmpty else {
            throw Refusal(
                reason: "an issuer has no slash at its end: relying parties compare it byte for byte",
                fix: "write \(text.dropLast())"
            )
        }
    }

    /// Without escapes and doubled slashes a path has one reading, whatever stands between a relying party and us.
    private static func isPlain(_ path: String) -> Bool {
        !path.contains("//")
            && path.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "-._~/".utf8.contains(byte)
                }
            }
    }
}
