internal import Crypto
internal import Encoding
internal import HTTP

extension TraceParent {
    /// The trace of a request, as its sender says; nil where it says nothing, twice, or breaks a rule: then one is begun
    /// (W3C Trace Context, section 4.3).
    init?(of fields: HTTPFields) {
        let values = fields.values("traceparent")
        guard values.count == 1 else { return nil }
        self.init(values[0])
    }
}

/// Sends what a request makes the broker ask of others, with the trace that the request belongs to.
struct TracedTransport: Transport {
    let transport: any Transport
    let trace: String
    let isSampled: Bool

    func send(_ request: OutgoingRequest) async throws(TransportError) -> HTTPResponse {
        var request = request
        let step = Hex.encode(Entropy.bytes(8))
        request.fields.append("traceparent", TraceParent(trace: trace, parent: step, isSampled: isSampled).text)
        return try await transport.send(request)
    }
}
