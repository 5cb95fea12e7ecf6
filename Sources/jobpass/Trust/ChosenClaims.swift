internal import Claims
internal import Configuration
internal import Federation
internal import Policy

/// The claims of a broker's tokens that jobs choose for themselves, as its configuration says where each claim comes from.
enum ChosenClaims {
    /// By the name of each such claim, how it comes that a job chooses it.
    static func of(_ settings: Settings) -> [String: String] {
        var chosen: [String: String] = [:]
        for entry in settings.federation {
            for mapping in entry.mappings {
                guard let place = mapping.places.first(where: \.isChosenByJob) else { continue }
                chosen[mapping.claim] =
                    "federation '\(entry.name)' takes it from '\(place)', which whoever writes or starts a job there chooses"
            }
        }
        let speaking = settings.policy.entries.flatMap { entry in
            entry.rules.rules.filter { !$0.jobClaims.isEmpty }.map { (entry.name, $0) }
        }
        if let (name, rule) = speaking.first {
            let names = Set(speaking.flatMap(\.1.jobClaims)).sorted().joined(separator: ", ")
            chosen["job_claims"] =
                "a job chooses what stands there: \(names), as the rule of \(name) at \(rule.place) "
                + (speaking.count > 1 ? "and \(speaking.count - 1) more let it" : "lets it")
        }
        return chosen
    }
}
