package import JSON

/// Who answers for the value of a claim.
package enum Provenance: Equatable, Sendable, CustomStringConvertible {
    /// An orchestrator attested it, by the name of its principal.
    case orchestrator(String)
    /// Another issuer signed it, at this place in its token.
    case upstream(issuer: String, place: String)
    /// An entry of `federation` says it of every run, without a look at the token.
    case configuration(entry: String)
    /// The broker itself says it.
    case broker
    /// The job chose it for itself.
    case job

    /// As a person reads it.
    package var description: String {
        switch self {
        case .orchestrator(let name): "attested by \(name)"
        case .upstream(let issuer, let place): "\(issuer): \(place)"
        case .configuration(let entry): "configuration of \(entry)"
        case .broker: "the broker"
        case .job: "the job's own choice"
        }
    }

    /// Reads what `json` wrote; nil where it is something else.
    package init?(_ json: JSON) {
        switch (json["source"]?.asString, json["principal"]?.asString, json["issuer"]?.asString) {
        case ("orchestrator", let name?, _): self = .orchestrator(name)
        case ("upstream", _, let issuer?):
            guard let place = json["claim"]?.asString else { return nil }
            self = .upstream(issuer: issuer, place: place)
        case ("configuration", _, _):
            guard let entry = json["entry"]?.asString else { return nil }
            self = .configuration(entry: entry)
        case ("broker", _, _): self = .broker
        case ("job", _, _): self = .job
        default: return nil
        }
    }

    /// As a program reads it.
    package var json: JSON {
        switch self {
        case .orchestrator(let name): ["source": "orchestrator", "principal": .string(name)]
        case .upstream(let issuer, let place):
            ["source": "upstream", "issuer": .string(issuer), "claim": .string(place)]
        case .configuration(let entry): ["source": "configuration", "entry": .string(entry)]
        case .broker: ["source": "broker"]
        case .job: ["source": "job"]
        }
    }
}

/// Where the claims of a run come from that another issuer's token spoke of.
package struct UpstreamOrigin: Equatable, Sendable {
    /// The member of a run's stored claims that holds it; no claim can have this name.
    package static let member = "jobpass_provenance"

    /// The other issuer, whose keys signed the token.
    package let issuer: String
    /// Of each claim the place in that token, as the mapping writes it.
    package let places: [String: String]

    /// Makes the origin of a token's claims.
    package init(issuer: String, places: [String: String]) {
        self.issuer = issuer
        self.places = places
    }

    /// Reads what `json` wrote; nil where it is something else.
    package init?(_ json: JSON) {
        guard let issuer = json["issuer"]?.asString, let members = json["claims"]?.asObject else { return nil }
        var places: [String: String] = [:]
        for member in members.members {
            guard let place = member.value.asString else { return nil }
            places[member.name] = place
        }
        self.init(issuer: issuer, places: places)
    }

    /// The origin as stores and the ledger keep it.
    package var json: JSON {
        var claims = JSONObject()
        for (name, place) in places.sorted(by: { $0.key < $1.key }) { claims[name] = .string(place) }
        return ["issuer": .string(issuer), "claims": .object(claims)]
    }

    /// Who answers for a claim of a run that `entry` of `federation` took.
    package func provenance(of claim: String, entry: String) -> Provenance {
        guard let place = places[claim] else { return .broker }
        return place.hasPrefix("=") ? .configuration(entry: entry) : .upstream(issuer: issuer, place: place)
    }
}

extension Attestation {
    /// Who answers for the value of one of the run's claims.
    package func provenance(of claim: String) -> Provenance {
        origin?.provenance(of: claim, entry: principal) ?? .orchestrator(principal)
    }

    /// The claims as stores and the ledger keep them: with what the request token is bound to, and where another issuer spoke of
    /// them, as last members.
    package var stored: [UInt8] {
        var members = JSONObject()
        if let confirmation { members[Confirmation.member] = confirmation.json }
        if let origin { members[UpstreamOrigin.member] = origin.json }
        guard !members.members.isEmpty else { return json }
        return json.dropLast() + [UInt8(ascii: ",")] + JSON.object(members).serialized().dropFirst()
    }
}
