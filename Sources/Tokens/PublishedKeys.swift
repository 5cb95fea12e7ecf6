package import HTTP
internal import JSON
internal import Locks
package import Time

/// The keys that an issuer publishes, fetched through its discovery document and kept for a while.
///
/// Nothing but the configured issuer's own documents is believed: the document must name that issuer byte for byte, and its
/// `jwks_uri` must be https (or loopback, for an issuer on loopback). An attacker who holds the network can keep the keys
/// from us, not change them.
package final class PublishedKeys: Sendable {
    private typealias Flight = Task<Result<JWKSet, TokenError>, Never>

    package let issuer: IssuerURL
    private let fetch: KeyFetch
    private let clock: WallClock
    private let report: @Sendable (KeyReport) -> Void
    private let cache = Lock(KeyCache<Flight>())

    /// Makes a source that has fetched nothing yet; `certificateAuthorities` is the path of a PEM file to trust instead of the
    /// system's, and `report` is told when the issuer goes and when it is back.
    package init(
        of issuer: IssuerURL,
        transport: any Transport,
        certificateAuthorities: String? = nil,
        clock: @escaping WallClock,
        report: @escaping @Sendable (KeyReport) -> Void = { _ in }
    ) {
        self.issuer = issuer
        fetch = KeyFetch(issuer: issuer, transport: transport, certificateAuthorities: certificateAuthorities)
        self.clock = clock
        self.report = report
    }

    /// The keys, fetched where none are at hand or they are old; a caller who found the token's key missing says so.
    ///
    /// - Throws: `TokenError` with code `unreachable` or `discovery`.
    package func keys(needsOthers: Bool = false) async throws(TokenError) -> JWKSet {
        let now = clock()
        let step: Step = cache.withLock { cache in
            switch cache.action(now: now, needsOthers: needsOthers) {
            case .use(let keys): return .done(.success(keys))
            case .fail(let error): return .done(.failure(error))
            case .join(let flight): return .wait(flight)
            case .fetch:
                // Its own task: a caller who gives up must not take the keys from the others who wait.
                let flight = Flight { await self.run() }
                cache.began(flight, now: now)
                return .wait(flight)
            case .useAndFetch(let keys):
                cache.began(Flight { await self.run() }, now: now)
                return .done(.success(keys))
            }
        }
        switch step {
        case .done(let result): return try result.get()
        case .wait(let flight): return try await flight.value.get()
        }
    }

    private enum Step {
        case done(Result<JWKSet, TokenError>)
        case wait(Flight)
    }

    private func run() async -> Result<JWKSet, TokenError> {
        let result: Result<JWKSet, TokenError>
        do throws(TokenError) {
            result = .success(try await fetch.run())
        } catch {
            result = .failure(error)
        }
        let now = clock()
        let (outcome, news) = cache.withLock { cache in
            let wasDown = cache.isDown
            let outcome: Result<JWKSet, TokenError>
            switch cache.ended(result, now: now) {
            case .use(let keys), .useAndFetch(let keys): outcome = .success(keys)
            case .fail(let error): outcome = .failure(error)
            case .join, .fetch: outcome = result
            }
            return (outcome, Self.news(result, wasDown: wasDown, goodUntil: cache.goodUntil))
        }
        if let news { report(news) }
        return outcome
    }

    private static func news(
        _ result: Result<JWKSet, TokenError>,
        wasDown: Bool,
        goodUntil: UnixTime?
    ) -> KeyReport? {
        switch (result, wasDown) {
        case (.failure(let error), false): .gone(error, keysServeUntil: goodUntil)
        case (.success, true): .back
        default: nil
        }
    }
}

/// What became of an issuer's documents, for a log.
package enum KeyReport: Sendable {
    /// They cannot be had; keys that were fetched before serve on until then, where there are any.
    case gone(TokenError, keysServeUntil: UnixTime?)
    /// They can be had again.
    case back
}

/// One fetch of an issuer's keys: the discovery document, then the key set that it names.
private struct KeyFetch: Sendable {
    let issuer: IssuerURL
    let transport: any Transport
    let certificateAuthorities: String?

    private static let limits = OutgoingRequest.Limits(
        connect: .seconds(3),
        total: .seconds(5),
        responseBytes: 512 << 10
    )

    func run() async throws(TokenError) -> JWKSet {
        let document = try await get(issuer.discovery)
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(document)
        } catch {
            throw refused(issuer.discovery, seen: "no JSON (\(error))", wanted: "a discovery document")
        }
        guard let named = json["issuer"]?.asString, named.utf8.elementsEqual(issuer.text.utf8) else {
            throw refused(
                issuer.discovery,
                seen: json["issuer"].map { "the issuer \($0.text)" } ?? "no issuer",
                wanted: "'\(issuer)', byte for byte"
            )
        }
        guard let uri = json["jwks_uri"]?.asString, let address = WebAddress(uri) else {
            throw refused(issuer.discovery, seen: "no jwks_uri that is a URL", wanted: "where the keys are")
        }
        guard address.isSecure || address.isLoopback && isOnLoopback else {
            throw refused(issuer.discovery, seen: "the jwks_uri \(uri)", wanted: "https")
        }
        return try JWKSet(parsing: try await get(uri))
    }

    private var isOnLoopback: Bool { WebAddress(issuer.text)?.isLoopback ?? false }

    private func get(_ url: String) async throws(TokenError) -> [UInt8] {
        let request = OutgoingRequest(
            .get,
            url: url,
            fields: ["Accept": "application/json"],
            limits: Self.limits,
            certificateAuthorities: certificateAuthorities
        )
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await transport.send(request)
        } catch {
            throw TokenError(.unreachable, url, seen: error.description, wanted: "an answer")
        }
        guard response.status == 200 else {
            // 429 and 5xx pass; whatever else is not 200, a redirect too, is how the issuer is set up.
            let passes = response.status == 429 || response.status >= 500
            throw TokenError(passes ? .unreachable : .discovery, url, seen: "status \(response.status)", wanted: "200")
        }
        return response.body
    }

    private func refused(_ url: String, seen: String, wanted: String) -> TokenError {
        TokenError(.discovery, url, seen: seen, wanted: wanted)
    }
}
