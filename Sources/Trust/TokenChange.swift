package import JSON

/// The fewest claims of a refused token that would have to be otherwise for a policy to pass it.
///
/// It is found by the policy's own evaluator: with these claims changed, and nothing else, the policy says `pass`.
package struct TokenChange: Equatable, Sendable {
    /// One claim that would have to be otherwise.
    package struct Claim: Equatable, Sendable {
        /// Its name; of a claim within a claim the path with dots.
        package let name: String
        /// The value it has; nil where the token lacks it.
        package let seen: JSON?
        /// A value with which the policy passes; nil where the token must lack it.
        package let wanted: JSON?
    }

    package let claims: [Claim]

    /// How many tokens are tried.
    private static let limit = 4_096
    /// How many claims are changed at most: past that it is another job's token.
    private static let mostClaims = 3

    /// The smallest change of a token that a policy does not pass; nil where it passes, or where no small change helps.
    package static func smallest(_ presented: Presented, for policy: any TrustPolicy) -> TokenChange? {
        guard policy.explain(presented).verdict != .pass else { return nil }
        let choices = policy.horizon.values.flatMap { entry in
            let seen = entry.path.value(in: presented.claims)
            let values = entry.values.filter { $0 != seen }.map { Optional($0) }
            return (values + (seen == nil ? [] : [nil])).map { Stipulation(entry.path, $0) }
        }
        var search = Search(policy: policy, presented: presented, choices: choices, left: limit)
        for count in 1...mostClaims {
            if let found = search.find(count, from: 0, []) {
                return TokenChange(
                    claims: found.map {
                        Claim(name: $0.path.description, seen: $0.path.value(in: presented.claims), wanted: $0.value)
                    }
                )
            }
        }
        return nil
    }

    private struct Search {
        let policy: any TrustPolicy
        let presented: Presented
        let choices: [Stipulation]
        var left: Int

        mutating func find(_ count: Int, from start: Int, _ chosen: [Stipulation]) -> [Stipulation]? {
            guard count > 0 else {
                guard left > 0 else { return nil }
                left -= 1
                var changed = presented
                for choice in chosen { choice.path.set(choice.value, in: &changed.claims) }
                return policy.explain(changed).verdict == .pass ? chosen : nil
            }
            for index in choices.indices.dropFirst(start) where left > 0 {
                let choice = choices[index]
                guard !chosen.contains(where: { $0.path == choice.path }) else { continue }
                if let found = find(count - 1, from: index + 1, chosen + [choice]) { return found }
            }
            return nil
        }
    }
}
