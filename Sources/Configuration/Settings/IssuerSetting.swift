internal import HTTP

/// The URL in `iss`, byte for byte as relying parties compare it.
package struct IssuerSetting: Hashable, Sendable, CustomStringConvertible {
    /// The URL, without a slash at its end.
    package let url: String
    /// Whether it can be reached from this machine alone.
    let isLoopback: Bool
    /// Whether it names a port, which AWS does not take.
    let hasPort: Bool

    package var description: String { url }

    init(checked url: String, address: WebAddress) {
        self.url = url
        isLoopback = address.isLoopback
        hasPort = address.port != nil
    }
}
