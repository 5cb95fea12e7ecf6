import Testing
import Text

@Suite("Patterns")
struct PatternTests {
    /// A pattern, a value, and whether the one matches the other.
    struct Sample: Sendable, CustomTestStringConvertible {
        let pattern: String
        let value: String
        let matches: Bool

        init(_ pattern: String, _ value: String, _ matches: Bool) {
            self.pattern = pattern
            self.value = value
            self.matches = matches
        }

        var testDescription: String { "\(pattern) \(matches ? "matches" : "refuses") \(value)" }
    }

    static let exact = [
        Sample("acme/web", "acme/web", true),
        Sample("acme/web", "acme/webs", false),
        Sample("acme/web", "xacme/web", false),
        Sample("acme/web", "Acme/web", false),
        Sample("acme/web", "", false),
        Sample("a.b", "axb", false),
        Sample("a?b", "axb", false),
        Sample("[ab]", "a", false),
        Sample("a|b", "a", false),
        Sample("(a+)+$", "aaaa", false),
        Sample("a\\*", "a*", false),
        Sample("größe", "größe", true),
    ]

    static let stars = [
        Sample("*", "acme", true),
        Sample("*", "", true),
        Sample("*", "acme/web", false),
        Sample("**", "acme/web", true),
        Sample("**", "", true),
        Sample("***", "acme/web", true),
        Sample("acme/*", "acme/web", true),
        Sample("acme/*", "acme/", true),
        Sample("acme/*", "acme", false),
        Sample("acme/*", "acme/web/api", false),
        Sample("acme/**", "acme/web/api", true),
        Sample("acme/*", "evil/acme/web", false),
        Sample("*/web", "acme/web", true),
        Sample("*/web", "web", false),
        Sample("refs/heads/release-*", "refs/heads/release-1.2", true),
        Sample("refs/heads/release-*", "refs/heads/release", false),
        Sample("refs/heads/*-hotfix", "refs/heads/1-hotfix", true),
        Sample("refs/heads/*-hotfix", "refs/heads/a/1-hotfix", false),
        Sample("aba*aba", "aba", false),
        Sample("aba*aba", "abaaba", true),
    ]

    static let manyStars = [
        Sample("*/*", "acme/web", true),
        Sample("*/*", "acme", false),
        Sample("*/*", "a/b/c", false),
        Sample("**/*", "a/b/c", true),
        Sample("*/**", "a/b/c", true),
        Sample("refs/*/release-*", "refs/tags/release-1", true),
        Sample("refs/*/release-*", "refs/tags/x/release-1", false),
        Sample("**a*b", "x/aab", true),
        Sample("**a*b", "x/a/b", false),
        Sample("**a*b", "x/a/ab", true),
        Sample("*a*", "bab", true),
        Sample("*a*", "bbb", false),
        Sample("a*b*c", "abc", true),
        Sample("a*b*c", "abcd", false),
    ]

    @Test("a pattern is exact but for its stars, and anchored at both ends", arguments: exact + stars + manyStars)
    func decides(_ sample: Sample) throws {
        #expect(try Pattern(sample.pattern).matches(sample.value) == sample.matches)
    }

    @Test(
        "a character that only looks like the one wanted does not match",
        arguments: [
            Sample("K", "\u{212A}", false),  // the Kelvin sign, canonically equivalent to K
            Sample("acme/K*", "acme/\u{212A}1", false),
            Sample("*K*", "\u{212A}", false),
            Sample("caf\u{E9}", "cafe\u{301}", false),
            Sample("caf\u{E9}", "caf\u{E9}", true),
        ]
    )
    func comparesBytes(_ sample: Sample) throws {
        #expect(try Pattern(sample.pattern).matches(sample.value) == sample.matches)
    }

    @Test(
        "a pattern longer than one machine word decides as a short one does",
        arguments: [1, 62, 63, 64, 65, 130, 500]
    )
    func longPatterns(_ length: Int) throws {
        let text = String(repeating: "ab", count: length)
        let pattern = try Pattern("*\(text)*c**d")
        #expect(pattern.matches("x\(text)yc/zd"))
        #expect(pattern.matches("\(text)cd"))
        #expect(!pattern.matches("x\(text.dropLast())yc/zd"))
        #expect(!pattern.matches("x/\(text)ycd"))
    }

    @Test("patterns that make backtracking matchers explode are decided too")
    func adversarial() throws {
        let value = String(repeating: "a", count: Pattern.maximumLength)
        let stars = String(repeating: "*a", count: Pattern.maximumLength / 2 - 1)
        #expect(try !Pattern(stars + "b").matches(value))
        #expect(try Pattern(stars).matches(value))
        let doubleStars = String(repeating: "**a", count: Pattern.maximumLength / 3 - 1)
        #expect(try !Pattern(doubleStars + "b").matches(value))
        #expect(try Pattern(doubleStars).matches(value))
    }

    @Test("every decision is that of the definition, on 20,000 random pairs")
    func agreesWithTheDefinition() throws {
        var generator = LinearGenerator(state: 42)
        let alphabet = Array("ab/*".utf8)
        for _ in 0..<20_000 {
            let pattern = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            let value = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                alphabet.dropLast().randomElement(using: &generator) ?? 0
            }
            let text = String(decoding: pattern, as: UTF8.self)
            let compiled = try Pattern(text)
            #expect(
                compiled.matches(String(decoding: value, as: UTF8.self)) == defined(pattern[...], value[...]),
                "pattern \(text), value \(String(decoding: value, as: UTF8.self))"
            )
        }
    }

    @Test(
        "a pattern that could match no claim is refused",
        arguments: [
            ("", TextError.Code.emptyPattern), (String(repeating: "a", count: 1_025), .longPattern),
            ("acme\n", .invisibleCharacter), ("acme\u{202E}", .invisibleCharacter), ("\u{7F}", .invisibleCharacter),
        ]
    )
    func refuses(text: String, code: TextError.Code) {
        #expect { try Pattern(text) } throws: { ($0 as? TextError)?.code == code }
    }

    @Test("a text of the program's own is matched literally, stars and all")
    func literal() {
        #expect(Pattern(exactly: "a*").matches("a*"))
        #expect(!Pattern(exactly: "a*").matches("ab"))
    }
}

/// The contract's definition, written as plainly as it reads, with all the backtracking that the real matcher avoids.
private func defined(_ pattern: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return value.isEmpty }
    guard first == UInt8(ascii: "*") else {
        return value.first == first && defined(pattern.dropFirst(), value.dropFirst())
    }
    let stars = pattern.prefix { $0 == first }
    let rest = pattern.dropFirst(stars.count)
    for length in 0...value.count {
        if stars.count == 1, value.prefix(length).contains(UInt8(ascii: "/")) { return false }
        if defined(rest, value.dropFirst(length)) { return true }
    }
    return false
}

/// A generator that gives the same numbers in every run (Knuth's MMIX constants).
private struct LinearGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
