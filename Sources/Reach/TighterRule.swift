internal import Claims
internal import JSON
internal import Policy
internal import Text

/// A rule that would have served all that another served, and allows less.
struct TighterRule {
    let text: String

    /// As many values as a person would write in a list.
    private static let mostValues = 8
    /// Claims that say what a run is for; the others differ from run to run.
    static let lasting = ["workflow", "job", "ref", "environment", "event"]

    /// Nil where there is no use, or the rule says no more than its uses.
    init?(_ rule: Rule, serving uses: [[String: String]]) {
        guard !uses.isEmpty else { return nil }
        var conditions: [(name: String, patterns: [String])] = []
        var isTighter = false
        for condition in rule.conditions where !condition.isImplied {
            let name = condition.name.description
            let seen = Set(uses.compactMap { $0[name] }).sorted()
            let written = condition.patterns.map(\.description)
            let narrowed = Self.narrowed(condition.patterns, to: seen)
            conditions.append((name, narrowed))
            if narrowed != written { isTighter = true }
        }
        for name in Self.lasting where !rule.conditions.contains(where: { $0.name.description == name }) {
            let seen = Set(uses.map { $0[name] })
            // A value of all uses; one that some run lacks cannot be demanded.
            guard seen.count == 1, let value = seen.first ?? nil, !value.contains("*") else { continue }
            conditions.append((name, [value]))
            isTighter = true
        }
        guard isTighter else { return nil }
        // What jobs may say of themselves is no narrower or wider for it.
        if !rule.jobClaims.isEmpty { conditions.append(("job_claims", rule.jobClaims)) }
        text = "{\(conditions.map { RuleText.condition($0.name, $0.patterns) }.joined(separator: ", "))}"
    }

    /// The values seen where they are few; else the pattern's beginning that they share; else what was written.
    private static func narrowed(_ patterns: [Pattern], to seen: [String]) -> [String] {
        let written = patterns.map(\.description)
        if patterns.allSatisfy({ !$0.hasStar }) { return written.filter(seen.contains) }
        // A value that holds a star cannot be written without meaning more.
        guard !seen.contains(where: { $0.contains("*") }) else { return written }
        if seen.count <= mostValues { return seen }
        let used = patterns.filter { pattern in seen.contains { pattern.matches($0) } }.map(\.description)
        guard used.count == 1 else { return used }
        let prefix = commonPrefix(of: seen)
        let star = seen.contains { $0.dropFirst(prefix.count).contains("/") } ? "**" : "*"
        let shared = prefix + star
        // It must say more than what is written, up to its first star.
        let before = used[0].prefix { $0 != "*" }
        return prefix.count > before.count ? [shared] : used
    }

    /// What all begin with, up to a `/` or `-`, so that it is a name and no accident.
    private static func commonPrefix(of values: [String]) -> String {
        guard let first = values.first else { return "" }
        var end = first.endIndex
        for value in values.dropFirst() {
            let common = first.commonPrefix(with: value)
            end = min(end, common)
        }
        let shared = first[..<end]
        guard let last = shared.lastIndex(where: { $0 == "/" || $0 == "-" }) else { return "" }
        return String(shared[...last])
    }
}

extension String {
    /// Where two texts begin to differ.
    fileprivate func commonPrefix(with other: String) -> Index {
        zip(indices, zip(self, other)).first { $0.1.0 != $0.1.1 }?.0
            ?? index(startIndex, offsetBy: Swift.min(count, other.count))
    }
}

/// Rules as configuration writes them.
enum RuleText {
    static func condition(_ name: String, _ patterns: [String]) -> String {
        let values = patterns.map(value)
        return "\(name): \(values.count == 1 ? values[0] : "[\(values.joined(separator: ", "))]")"
    }

    /// A value in quotes where YAML would read it as something else.
    private static func value(_ text: String) -> String {
        let isPlain =
            text.utf8.first.map { (65...90).contains($0) || (97...122).contains($0) } == true
            && text.utf8.allSatisfy { byte in
                (65...90).contains(byte) || (97...122).contains(byte) || (48...57).contains(byte)
                    || "-_./".utf8.contains(byte)
            }
            && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(text.lowercased())
        return isPlain ? text : JSON.string(text).text
    }
}
