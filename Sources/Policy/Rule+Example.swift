internal import Claims
internal import Text

extension Rule {
    /// Values of claims that the rule allows: those that it names, stars filled with a word; claims that every run has are
    /// there even where the rule does not name them.
    package func example(_ word: String = "probe") -> [(name: String, value: String)] {
        var values = conditions.map { condition in
            let patterns = condition.patterns.map(\.description)
            // An exact value is likelier to be one that the cloud's side knows too.
            let chosen = condition.patterns.first { !$0.hasStar }?.description ?? patterns.first ?? word
            return (name: condition.name.description, value: Self.filled(chosen, with: word))
        }
        for name in ClaimName.ofEveryRun.map(\.description) where !values.contains(where: { $0.name == name }) {
            values.append((name, word))
        }
        return values
    }

    private static func filled(_ pattern: String, with word: String) -> String {
        var text = ""
        var isInStars = false
        for character in pattern {
            if character != "*" { text.append(character) } else if !isInStars { text += word }
            isInStars = character == "*"
        }
        return text
    }
}
