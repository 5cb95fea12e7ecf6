package import HTTP
package import Time

/// Doctor owns the walk along the whole path of a token, from the outside in: each step becomes a `Check` that says what was
/// looked at, what was seen, what was wanted and what mends it.
///
/// It sees the issuer as a cloud does, by its public name and over TLS that it verifies, and believes nothing that the
/// broker says of itself. It changes nothing, and trades nothing: what a trade came to is handed to it to be explained.
/// Network, clock and resolver come in through the initialiser.
///
/// OpenID Connect Discovery 1.0, sections 3 and 4; RFC 7517; RFC 9110, section 6.6.1 (`Date`); RFC 9111 (caches).
package struct Doctor: Sendable {
    /// Gives a host's numeric addresses; an error's text says why there are none.
    package typealias Resolver = @Sendable (String) async -> Result<[String], NameFailure>

    /// Why a name has no address, in the resolver's words.
    package struct NameFailure: Error, Equatable, Sendable {
        package let words: String

        /// Takes the resolver's words.
        package init(_ words: String) { self.words = words }
    }

    /// Relying parties give up when an issuer takes longer: AWS after about 5 s.
    static let patience = Duration.seconds(5)

    let transport: any Transport
    let clock: WallClock
    let resolve: Resolver
    /// A PEM file of authorities to trust instead of the system's; nil sees servers as everybody does.
    let authorities: String?

    /// Makes a doctor.
    package init(
        transport: any Transport,
        clock: @escaping WallClock,
        resolver: @escaping Resolver,
        authorities: String? = nil
    ) {
        self.transport = transport
        self.clock = clock
        resolve = resolver
        self.authorities = authorities
    }

    /// Fetches a document as a relying party would, and notes when.
    func fetch(_ url: String, authorities: String? = nil) async throws(TransportError) -> Fetched {
        let request = OutgoingRequest(
            .get,
            url: url,
            fields: ["Accept": "application/json", "User-Agent": "jobpass-doctor"],
            limits: OutgoingRequest.Limits(connect: .seconds(3), total: Self.patience, responseBytes: 512 << 10),
            certificateAuthorities: authorities ?? self.authorities
        )
        let asked = clock()
        let response = try await transport.send(request)
        return Fetched(response: response, asked: asked, came: clock())
    }
}

/// An answer, and when it was asked for and came.
struct Fetched: Sendable {
    let response: HTTPResponse
    let asked: UnixTime
    let came: UnixTime

    var took: Duration { came - asked }
}
