internal import JSON
internal import Runs
internal import Text
internal import Time
internal import Tokens

extension Upstream {
    /// What a token's claims say of its run, by the mapping of its entry.
    static func request(
        _ claims: JSONObject,
        _ issuer: UpstreamIssuer,
        isUntrusted: Bool
    ) throws(FederationError) -> RunRequest {
        var values: [StandardClaim: String] = [:]
        var further: [Claim] = []
        var places: [String: String] = [:]
        for mapping in issuer.mappings {
            guard let (value, place) = try value(of: mapping, in: claims, issuer) else { continue }
            places[mapping.claim] = place
            if let name = StandardClaim(rawValue: mapping.claim) {
                values[name] = value
            } else {
                further.append(Claim(mapping.claim, value))
            }
        }
        for name in StandardClaim.required where values[name] == nil {
            let places = issuer.mappings.first { $0.claim == name.rawValue }?.places ?? []
            throw FederationError(
                .mapping,
                "the token has nothing at \(places.map(\.description).joined(separator: " or ")), of which '\(name.rawValue)' is made",
                entry: issuer.name,
                isGenuine: true
            )
        }
        var request = RunRequest(
            values,
            trust: isUntrusted ? .untrusted : .trusted,
            further: further,
            expiresIn: issuer.lifetime.wholeSeconds
        )
        request.origin = UpstreamOrigin(issuer: issuer.rules.issuer.text, places: places)
        return request
    }

    private static func value(
        of mapping: UpstreamIssuer.Mapping,
        in claims: JSONObject,
        _ issuer: UpstreamIssuer
    ) throws(FederationError) -> (text: String, place: String)? {
        for place in mapping.places {
            do throws(NotText) {
                if let text = try place.text(in: claims) { return (text, place.description) }
            } catch {
                throw FederationError(
                    .mapping,
                    "'\(mapping.claim)' cannot be made of \(error.place), which is no single value",
                    entry: issuer.name,
                    isGenuine: true
                )
            }
        }
        return nil
    }

    /// Another organisation's project is refused here already, so that of several entries the right one takes the token.
    static func checkProject(of request: RunRequest, _ issuer: UpstreamIssuer) throws(FederationError) {
        let project = request.values[.project] ?? ""
        guard issuer.attestor.projects.contains(where: { $0.matches(project) }) else {
            let shown = issuer.attestor.projects.prefix(5).map(\.description).joined(separator: ", ")
            throw FederationError(
                .required,
                "project is '\(project.madeVisible)', wanted one of \(shown)",
                entry: issuer.name,
                isGenuine: true
            )
        }
    }
}
