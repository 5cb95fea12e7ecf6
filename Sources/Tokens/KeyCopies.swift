internal import Crypto
package import HTTP
internal import JSON
internal import Time

/// Looks at the places where an issuer's keys are published: its own URL, and every mirror that clouds may fetch them from.
package struct KeyCopies: Sendable {
    /// One place, and what it serves.
    package struct Copy: Sendable {
        package let url: String
        /// The keys by their kids, each of them the key that its kid says.
        package let kids: Set<String>
        /// How long it says that it may be cached; nil where it says nothing.
        package let maximumAge: Duration?
        /// Why it could not be read; nil where it could.
        package let failure: String?
    }

    /// Where a ring's keys are published.
    package let urls: [String]
    private let certificateAuthorities: String?

    /// The copies of one issuer: its own, and those below each mirror's URL, where it stands at a path of its own or at none.
    package init(
        of issuer: IssuerURL,
        ring: IssuerRing,
        path: String? = nil,
        mirrors: [String],
        certificateAuthorities: String?
    ) {
        let parts = [path, ring.isUntrusted ? "untrusted" : nil].compactMap { $0.map { "/\($0)" } }
        let file = parts.joined() + "/.well-known/jwks.json"
        urls = [issuer.keys] + mirrors.map { ($0.hasSuffix("/") ? String($0.dropLast()) : $0) + file }
        self.certificateAuthorities = certificateAuthorities
    }

    /// Reads every copy, one after another.
    package func look(over transport: any Transport) async -> [Copy] {
        var copies: [Copy] = []
        for url in urls { copies.append(await read(url, over: transport)) }
        return copies
    }

    /// The keys that every one of some copies serves.
    package static func served(by copies: [Copy]) -> Set<String> {
        guard let first = copies.first else { return [] }
        return copies.dropFirst().reduce(first.kids) { $0.intersection($1.kids) }
    }

    /// The longest that one of some copies may be cached.
    package static func cacheTime(of copies: [Copy]) -> Duration { copies.compactMap(\.maximumAge).max() ?? .zero }

    private func read(_ url: String, over transport: any Transport) async -> Copy {
        let request = OutgoingRequest(
            .get,
            url: url,
            // A cache in between is asked for what relying parties get; only the copy's own word counts for how old that is.
            fields: ["Accept": "application/json"],
            limits: OutgoingRequest.Limits(connect: .seconds(3), total: .seconds(5), responseBytes: 512 << 10),
            certificateAuthorities: certificateAuthorities
        )
        do {
            let response = try await transport.send(request)
            guard response.status == 200 else { return failed(url, "it answers \(response.status)") }
            let set = try JWKSet(parsing: response.body)
            let kids = set.keys.compactMap { jwk in
                jwk.kid.flatMap { $0 == JWK.thumbprint(of: jwk.key.components) ? $0 : nil }
            }
            return Copy(url: url, kids: Set(kids), maximumAge: Self.maximumAge(response.fields), failure: nil)
        } catch {
            return failed(url, "\(error)")
        }
    }

    private func failed(_ url: String, _ reason: String) -> Copy {
        Copy(url: url, kids: [], maximumAge: nil, failure: reason)
    }

    /// `max-age` of Cache-Control (RFC 9111, section 5.2.2.1), at most a day.
    private static func maximumAge(_ fields: HTTPFields) -> Duration? {
        for field in fields.values("Cache-Control") {
            for directive in field.split(separator: ",") {
                let text = directive.filter { $0 != " " && $0 != "\t" }.lowercased()
                guard text.hasPrefix("max-age="), let seconds = Int64(text.dropFirst("max-age=".count)) else {
                    continue
                }
                return .seconds(min(max(0, seconds), 86_400))
            }
        }
        return nil
    }
}
