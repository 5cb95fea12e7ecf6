package import JSON
package import Text

/// What a place of another issuer's token must hold: one of some patterns; of a list any element counts.
package struct ForeignCondition: Hashable, Sendable {
    package let place: ForeignClaim
    package let patterns: [Pattern]

    /// Makes a condition of at least one pattern.
    package init(_ place: ForeignClaim, _ patterns: [Pattern]) {
        self.place = place
        self.patterns = patterns
    }

    /// Whether it holds of a token; a place that is empty holds nothing.
    package func holds(of claims: JSONObject) -> Bool {
        place.texts(in: claims).contains { text in patterns.contains { $0.matches(text) } }
    }

    /// What the token has there, for a refusal.
    package func seen(in claims: JSONObject) -> String {
        let texts = place.texts(in: claims).prefix(4).map { "'\(String($0.unicodeScalars.prefix(200)).madeVisible)'" }
        return texts.isEmpty ? "nothing" : texts.joined(separator: ", ")
    }

    /// What may be there, for a refusal.
    package var wanted: String {
        patterns.prefix(5).map { "'\($0)'" }.joined(separator: " or ") + (patterns.count > 5 ? " or others" : "")
    }
}

/// Whose code a run of another CI system is: what its tokens say of forks and pull requests.
package struct ForeignTrust: Equatable, Sendable {
    /// Each of these must hold, or the run is untrusted.
    package var trustedWhen: [ForeignCondition]
    /// Any of these makes the run untrusted.
    package var untrustedWhen: [ForeignCondition]
    /// Pairs of places whose values, where both are there, must be the same, or the run is untrusted.
    package var same: [ForeignPair]
    /// Whether every run is untrusted.
    package var isAlwaysUntrusted = false

    /// Makes rules; without any, what the issuer says is believed.
    package init(
        trustedWhen: [ForeignCondition] = [],
        untrustedWhen: [ForeignCondition] = [],
        same: [ForeignPair] = []
    ) {
        self.trustedWhen = trustedWhen
        self.untrustedWhen = untrustedWhen
        self.same = same
    }

    /// Why a run's code is a stranger's; nil where it is the project's own.
    package func doubt(about claims: JSONObject) -> String? {
        if isAlwaysUntrusted { return "every run of this issuer is untrusted here" }
        for condition in trustedWhen where !condition.holds(of: claims) {
            return "\(condition.place) is \(condition.seen(in: claims)), wanted \(condition.wanted)"
        }
        for condition in untrustedWhen where !condition.place.isReadable(in: claims) {
            return "\(condition.place) holds no text, so that nobody can tell whether it is a stranger's"
        }
        for condition in untrustedWhen where condition.holds(of: claims) {
            return "\(condition.place) is \(condition.seen(in: claims)), which strangers' code may have"
        }
        for pair in same {
            let (first, second) = (pair.first.texts(in: claims), pair.second.texts(in: claims))
            guard let first = first.first, let second = second.first, first != second else { continue }
            return "\(pair.first) is '\(first.madeVisible)' and \(pair.second) '\(second.madeVisible)', as in a fork"
        }
        return nil
    }
}

/// Two places of one token.
package struct ForeignPair: Hashable, Sendable {
    package let first: ForeignClaim
    package let second: ForeignClaim

    /// Makes a pair.
    package init(_ first: ForeignClaim, _ second: ForeignClaim) {
        self.first = first
        self.second = second
    }
}
