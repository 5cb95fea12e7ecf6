/// The URL in `iss`, byte for byte as relying parties compare it.
package struct IssuerURL: Hashable, Sendable, CustomStringConvertible {
    /// The URL, without a slash at its end.
    package let url: String
    /// Whether it can be reached from this machine alone.
    package let isLoopback: Bool
    /// Whether it names a port, which AWS does not take.
    package let hasPort: Bool

    package var description: String { url }

    /// The issuer of runs whose trust is `untrusted`.
    package var untrusted: String { "\(url)/untrusted" }

    /// The path behind the host, such as `/jobpass`; empty where there is none.
    package var path: String {
        let rest = url.drop { $0 != "/" }.dropFirst(2)
        return String(rest.drop { $0 != "/" })
    }

    init(checked url: String, isLoopback: Bool, hasPort: Bool) {
        self.url = url
        self.isLoopback = isLoopback
        self.hasPort = hasPort
    }
}
