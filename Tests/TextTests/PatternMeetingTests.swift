import Testing
import Text

@Suite("Patterns held against each other")
struct PatternMeetingTests {
    @Test(
        "two meet where some value matches both",
        arguments: [
            ("acme/web", "acme/web", true), ("acme/web", "acme/api", false), ("acme/*", "acme/web", true),
            ("acme/*", "*/web", true), ("acme/*", "other/*", false), ("*", "acme/web", false), ("**", "acme/web", true),
            ("acme/**", "acme/a/b", true), ("acme/*", "acme/a/b", false), ("a*b*c", "ab*", true), ("*a", "b*", true),
            ("a*", "*b", true), ("ab", "a*c", false), ("acme/*", "**", true), ("*/*", "**b", true),
            ("a**", "*/c", true),
        ]
    )
    func meets(left: String, right: String, expected: Bool) throws {
        #expect(try Pattern(left).meets(Pattern(right)) == expected)
        #expect(try Pattern(right).meets(Pattern(left)) == expected)
    }

    @Test(
        "one covers another where it matches all that the other does",
        arguments: [
            ("acme/*", "acme/web", true), ("acme/web", "acme/*", false), ("**", "acme/*", true), ("*", "acme/*", false),
            ("acme/**", "acme/*", true), ("acme/*", "acme/**", false), ("acme/*", "acme/web-*", true),
            ("acme/*", "acme/*/x", false), ("acme/*", "acme/*", true), ("a***", "a**", true), ("x*", "acme/*", false),
        ]
    )
    func covers(wide: String, narrow: String, expected: Bool) throws {
        #expect(try Pattern(wide).covers(Pattern(narrow)) == expected)
    }

    /// All texts of two letters and a slash, up to a length.
    private static let texts: [String] = {
        var all = [""]
        var longest = [""]
        for _ in 0..<5 {
            longest = longest.flatMap { text in ["a", "b", "/"].map { text + $0 } }
            all += longest
        }
        return all
    }()

    private static let patterns = [
        "a", "ab", "a*", "*b", "a*b", "*", "**", "a**", "**b", "a/*", "*/b", "a*/b*", "a**b", "**/**", "a/**", "b*a",
        "/*",
    ]

    @Test("what is said of two patterns holds of every short text", arguments: patterns)
    func exhaustively(text: String) throws {
        let pattern = try Pattern(text)
        for other in try Self.patterns.map({ try Pattern($0) }) {
            let shared = Self.texts.contains { pattern.matches($0) && other.matches($0) }
            #expect(!shared || pattern.meets(other), "\(pattern) and \(other) share a text")
            // Patterns as short as these share a short text where they share any.
            #expect(shared || !pattern.meets(other), "\(pattern) and \(other) share none")
            if pattern.covers(other) {
                #expect(!Self.texts.contains { other.matches($0) && !pattern.matches($0) }, "\(pattern) over \(other)")
            }
        }
    }
}
