internal import Claims
internal import Configuration
internal import Exchange
internal import JSON
internal import Policy

/// What a `sub` stands for that is a digest.
enum SpelledOut {
    /// The note of a token whose `sub` is a digest: made anew of its claims by the forms of a configuration, where one is known.
    static func note(_ claims: JSONObject, _ settings: Settings?) -> String? {
        guard let sub = claims["sub"]?.asString, sub.hasPrefix(SubjectFormat.digestPrefix) else { return nil }
        for format in settings.map(forms) ?? [] {
            let plain = try? format.subject(limit: .unlimited) { claims[$0.description]?.asString }
            if let plain, Subject(digestOf: plain.text).text == sub { return "\(sub) stands for '\(plain.text)'" }
        }
        return
            "\(sub) is a digest; the ledger says what it stands for: jobpass audit list --kind token.issued --subject \(sub)"
    }

    /// Every form that a configuration has.
    static func forms(_ settings: Settings) -> [SubjectFormat] {
        let rules =
            settings.targets.compactMap { settings.policy.rule(ofTarget: $0.name) } + settings.policy.audienceRules
        var forms: [SubjectFormat] = []
        for rule in rules {
            for allowed in rule.allow.rules {
                for form in rule.forms(of: allowed, settings.policy.voices).map(\.subject) where !forms.contains(form) {
                    forms.append(form)
                }
            }
        }
        return forms
    }
}
