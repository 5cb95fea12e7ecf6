internal import HTTP

extension Property {
    /// What proxies and callers say of a request.
    static let fields: [Property] = [
        Property("proxy-header", proxyHeader),
        Property("forwarded", forwarded),
        Property("traceparent", traceParent),
        Property("address", address),
    ]

    /// Taken at once or byte by byte, a header comes to the same, and takes no byte of what is behind it.
    private static func proxyHeader(_ input: [UInt8]) -> String? {
        var whole = ProxyHeader()
        let taken = whole.take(input)
        var slow = ProxyHeader()
        let slowly = input.reduce(0) { $0 + slow.take([$1]) }
        guard taken == slowly, whole.state == slow.state else {
            return "\(taken) bytes at once, \(whole.state); \(slowly) one by one, \(slow.state)"
        }
        if taken > ProxyHeader.longest { return "\(taken) bytes were taken" }
        guard case .whole = whole.state else { return nil }
        var again = ProxyHeader()
        return again.take(input.prefix(taken)) == taken && again.state == whole.state ? nil : "its own bytes differ"
    }

    /// The client is whoever is believed last, and hops in front of the first that is not are never looked at.
    private static func forwarded(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self), let proxy = NetworkAddress("10.0.0.1") else {
            return nil
        }
        for nodes in [
            ForwardedChain.nodes(ofForwarded: [text]), ForwardedChain.nodes(ofForwardedFor: [text]),
        ] {
            guard let nodes else { continue }
            if nodes.count > ForwardedChain.longest { return "\(nodes.count) hops" }
            let client = ForwardedChain.client(of: nodes, through: proxy) { $0 == proxy }
            let wanted: NetworkAddress = if case .address(let last) = nodes.last { last } else { proxy }
            let seen = nodes.last { $0 != .address(proxy) }
            guard nodes.last != .address(proxy) else {
                if case .address(let address) = seen, client != address { return "\(client), wanted \(address)" }
                continue
            }
            if client != wanted { return "\(client), wanted \(wanted)" }
        }
        return nil
    }

    private static func traceParent(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self), let parsed = TraceParent(text) else { return nil }
        guard TraceParent(parsed.text) == parsed else { return "written as \(parsed.text), which is another" }
        return text.hasPrefix("00-") && !parsed.text.hasPrefix(text.prefix(52)) ? "\(text) became \(parsed.text)" : nil
    }

    private static func address(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self) else { return nil }
        if let address = NetworkAddress(text) {
            guard NetworkAddress(address.description) == address else { return "\(text) became \(address)" }
        }
        guard let range = AddressRange(text) else { return nil }
        return AddressRange(range.description) == range ? nil : "\(text) became \(range)"
    }
}
