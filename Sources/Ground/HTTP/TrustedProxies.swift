/// Proxies that are believed about who is behind them, and the one way in which they say it.
///
/// There is one way and not several: a proxy passes on what it does not know of as its client wrote it.
package struct TrustedProxies: Equatable, Sendable {
    /// How a proxy says for whom it speaks.
    package enum Word: String, CaseIterable, Sendable {
        /// The PROXY protocol in front of each connection, which has to be there.
        case proxyProtocol = "proxy-protocol"
        /// The field `Forwarded` (RFC 7239).
        case forwarded
        /// The field `X-Forwarded-For`.
        case forwardedFor = "x-forwarded-for"
    }

    package let addresses: [AddressRange]
    package let word: Word

    /// Makes proxies of their addresses and of what they send.
    package init(addresses: [AddressRange], word: Word) {
        self.addresses = addresses
        self.word = word
    }

    /// Who sent a request that came from `peer`, by its fields; nil where these are malformed.
    package func client(of fields: HTTPFields, through peer: NetworkAddress) -> NetworkAddress? {
        guard addresses.contain(peer) else { return peer }
        let nodes: [ForwardedChain.Node]? =
            switch word {
            case .proxyProtocol: []
            case .forwarded: ForwardedChain.nodes(ofForwarded: fields.values("Forwarded"))
            case .forwardedFor: ForwardedChain.nodes(ofForwardedFor: fields.values("X-Forwarded-For"))
            }
        return nodes.map { ForwardedChain.client(of: $0, through: peer, believing: addresses.contain) }
    }
}
