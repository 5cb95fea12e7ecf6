internal import Text
internal import Time

extension Property {
    /// Short texts with a grammar of their own.
    static let texts: [Property] = [
        Property("duration", duration),
        Property("time", time),
        Property("pattern", pattern),
    ]

    private static func duration(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self) else { return nil }
        guard let duration = try? Duration(parsing: text) else { return nil }
        guard let again = try? Duration(parsing: duration.text) else {
            return "written as \(duration.text), which is refused"
        }
        return again == duration ? nil : "\(text) became \(duration.text)"
    }

    private static func time(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self) else { return nil }
        for moment in [try? RFC3339.parse(text), try? RFC3339.parseDate(text)] {
            guard let moment else { continue }
            let written = RFC3339.format(moment)
            guard let again = try? RFC3339.parse(written) else { return "written as \(written), which is refused" }
            guard again == moment else { return "\(text) became \(written)" }
        }
        return nil
    }

    /// The first line is a pattern, the rest a value; the linear matcher must agree with the definition, told slowly.
    private static func pattern(_ input: [UInt8]) -> String? {
        let lines = input.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let text = String(validating: lines[0], as: UTF8.self), let pattern = try? Pattern(text) else {
            return nil
        }
        guard lines.count == 2, let value = String(validating: lines[1], as: UTF8.self) else { return nil }
        let wanted = matches(Array(lines[0]), Array(lines[1]))
        return pattern.matches(value) == wanted ? nil : "'\(text)' on '\(value)': wanted \(wanted)"
    }

    /// Whether a value matches: after each piece of the pattern, which prefixes of the value it can stand for.
    private static func matches(_ pattern: [UInt8], _ value: [UInt8]) -> Bool {
        var reached = [true] + Array(repeating: false, count: value.count)
        var index = 0
        while index < pattern.count {
            let stars = pattern[index...].prefix { $0 == UInt8(ascii: "*") }.count
            var next = Array(repeating: false, count: value.count + 1)
            for place in 0...value.count {
                switch stars {
                case 0:
                    next[place] = place > 0 && reached[place - 1] && value[place - 1] == pattern[index]
                default:
                    let goesOn = place > 0 && next[place - 1] && (stars > 1 || value[place - 1] != UInt8(ascii: "/"))
                    next[place] = reached[place] || goesOn
                }
            }
            reached = next
            index += max(stars, 1)
        }
        return reached[value.count]
    }
}
