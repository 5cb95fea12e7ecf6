internal import HTTP

/// The address of a service that tokens are sent to: https, or http on the machine itself.
package struct Endpoint: Equatable, Sendable {
    /// The URL without a slash at its end, so that a path can be put after it.
    package let url: String

    /// Takes a URL of scheme, host, port and path alone.
    ///
    /// - Throws: `TargetError` of the setting that `key` names.
    package init(_ text: String, key: String) throws(TargetError) {
        func refused(_ wanted: String) -> TargetError { TargetError(key, seen: text, wanted: wanted) }
        guard let address = WebAddress(text) else {
            throw refused("a URL such as https://vault.example.com:8200, without user and fragment")
        }
        guard address.isSecure || address.isLoopback else {
            throw refused(
                "https: a token must not cross a network in the open (http only to 127.0.0.1, [::1] or localhost)"
            )
        }
        // Without escapes and doubled slashes a path has one reading, whatever stands between us and the service.
        let path = address.path.hasSuffix("/") ? address.path.dropLast() : address.path[...]
        let isPlain = path.utf8.allSatisfy { SettingCheck.isLetterOrDigit($0) || "-._~/".utf8.contains($0) }
        guard address.query == nil, isPlain, !path.contains("//"), !path.hasSuffix("/") else {
            throw refused("a path of letters, digits and '-._~', and no query")
        }
        url = text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// Whether another endpoint has the same scheme, host and port.
    func isSameHost(as other: Endpoint?) -> Bool {
        guard let mine = WebAddress(url), let its = other.flatMap({ WebAddress($0.url) }) else { return false }
        return mine.isSecure == its.isSecure && mine.host.lowercased() == its.host.lowercased() && mine.port == its.port
    }

    /// An endpoint whose URL was built of parts that were checked before.
    init(built url: String) { self.url = url }
}
