internal import Encoding
internal import Exchange
internal import HTTP
internal import JSON
internal import Time

/// One command's talk with its broker: the contract's calls, and every failure as words and an exit code.
struct BrokerClient: ~Copyable, Sendable {
    private let address: BrokerAddress
    private let identity: ShownIdentity
    private let transport: any Transport
    /// Trades at clouds, where the job does so itself.
    let exchange: Exchange

    /// An exchange at a cloud, with its retries, happens within one call; the broker ends it before this.
    private static let longest = Duration.seconds(60)
    private static let answerLimits = JSONLimits(bytes: 64 << 20, depth: 32)

    init(
        _ address: BrokerAddress,
        as identity: consuming ShownIdentity,
        over transport: any Transport,
        pacing: Pacing
    ) {
        self.address = address
        self.identity = identity
        self.transport = transport
        exchange = Exchange(transport: transport, clock: SystemClock.now, pacing: pacing, breakers: Breakers())
    }

    /// Calls the broker; a path's segments are percent-encoded here.
    ///
    /// - Returns: the answer's JSON; null where it has none.
    /// - Throws: `CommandError` where no answer came, or one that is an error.
    func call(
        _ method: HTTPMethod,
        _ path: [String],
        query: Form = Form(),
        body: Body? = nil,
        within time: Duration = longest
    ) async throws(CommandError) -> JSON {
        let answer = try await answer(method, path, query: query, body: body, within: time)
        return answer.isEmpty ? .null : try json(answer, status: 200)
    }

    /// Calls the broker as `call` does, and leaves the answer's body to be read by its own type.
    func answer(
        _ method: HTTPMethod,
        _ path: [String],
        query: Form = Form(),
        body: Body? = nil,
        within time: Duration = longest
    ) async throws(CommandError) -> [UInt8] {
        try checked(await response(method, path, query: query, body: body, within: time))
    }

    /// The body of an answer that is no error.
    ///
    /// - Throws: `CommandError` of the error that it is.
    func checked(_ response: HTTPResponse) throws(CommandError) -> [UInt8] {
        guard (200..<300).contains(response.status) else {
            let body = try json(response.body, status: response.status)
            throw CommandError(BrokerRefusal(response.status, body, from: address.url))
        }
        return response.body
    }

    /// Calls the broker, whatever it answers.
    func response(
        _ method: HTTPMethod,
        _ path: [String],
        query: Form = Form(),
        body: Body? = nil,
        within time: Duration = longest
    ) async throws(CommandError) -> HTTPResponse {
        let question = query.fields.isEmpty ? "" : "?\(query.encoded)"
        let url = "\(address.url)/\(path.map(PercentEncoding.encode).joined(separator: "/"))\(question)"
        var fields = try identity.fields(method, url)
        fields.append("Accept", "application/json")
        fields.append("User-Agent", "jobpass/\(Version.text)")
        if let body { fields.append("Content-Type", body.type) }
        let request = OutgoingRequest(
            method,
            url: url,
            fields: fields,
            body: body?.bytes ?? [],
            limits: OutgoingRequest.Limits(connect: .seconds(5), total: time, responseBytes: Self.answerLimits.bytes),
            certificateAuthorities: address.authorities,
            clientCertificate: address.certificate
        )
        do throws(TransportError) { return try await transport.send(request) } catch {
            throw CommandError(error, at: address)
        }
    }

    /// What a request carries.
    struct Body: Sendable {
        let type: String
        let bytes: [UInt8]

        static func json(_ json: JSON) -> Body { Body(type: "application/json", bytes: json.serialized()) }

        static func bytes(_ bytes: [UInt8]) -> Body { Body(type: "application/octet-stream", bytes: bytes) }
    }

    private func json(_ body: [UInt8], status: Int) throws(CommandError) -> JSON {
        guard let json = try? JSON.parse(body, limits: Self.answerLimits) else {
            throw CommandError(
                .unavailable,
                "\(address.url) answered \(status) with something that is no JSON",
                advice: "is that the address of a Jobpass broker, and of nothing in front of it?"
            )
        }
        return json
    }
}
