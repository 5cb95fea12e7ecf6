import JSON
import Testing
import Trust

/// Regular expressions are seen through the conditions that hold them.
@Suite("Regular expressions of conditions match as RE2's do")
struct RegexTests {
    private func verdict(_ pattern: String, _ text: String) throws -> Verdict {
        let policy: JSON = [
            "oidc": ["issuerUri": "https://ci.example.com", "allowedAudiences": ["a"]],
            "attributeMapping": ["google.subject": "assertion.sub"],
            "attributeCondition": .string("assertion.text.matches(r'\(pattern)')"),
        ]
        return try PolicyReader.read(policy.serialized()).explain(
            Presented(["iss": "https://ci.example.com", "aud": "a", "sub": "s", "text": .string(text)])
        ).verdict
    }

    @Test(
        "patterns and texts",
        arguments: [
            ("abc", "xabcx", true), ("^abc$", "xabcx", false), ("^abc$", "abc", true), ("a.c", "abc", true),
            ("a.c", "a\nc", false),
            ("^a*$", "aaaa", true), ("^a+$", "", false), ("^ab?c$", "ac", true), ("^(ab|cd)+$", "abcdab", true),
            ("^(ab|cd)+$", "abc", false),
            ("^a{2}$", "aa", true), ("^a{2}$", "aaa", false), ("^a{2,3}$", "aaa", true), ("^a{2,}$", "aaaaa", true),
            ("^a{0,1}b$", "b", true),
            ("^[a-c]+$", "abc", true), ("^[^a-c]+$", "xyz", true), ("^[^a-c]+$", "xa", false), ("^[]x]$", "]", true),
            ("^[a-]$", "-", true),
            ("^\\d+$", "123", true), ("^\\d+$", "12x", false), ("^\\w+$", "a_1", true), ("^\\D$", "x", true),
            ("^\\s$", " ", true),
            ("^acme\\/web$", "acme/web", true), ("a\\.b", "axb", false), ("^(?:a|b)$", "b", true),
            ("^a*?b$", "aab", true), ("a||b", "zzz", true),
            ("^(a*)*$", "aaaa", true), ("^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false),
            ("é", "café", true), ("$", "x", true),
        ] as [(String, String, Bool)]
    )
    func matches(pattern: String, text: String, holds: Bool) throws {
        #expect(try verdict(pattern, text) == (holds ? .pass : .fail))
    }

    @Test(
        "what is not read is not guessed",
        arguments: [
            "(?i)a", "a**", "(", ")", "[", "a{2", "a{65}", "a{3,2}", "\\b", "\\pL", "*a", "(?P<n>a)", "[[:alpha:]]",
            "a\\",
        ]
    )
    func unread(pattern: String) throws { #expect(try verdict(pattern, "a") == .cannotTell) }
}
