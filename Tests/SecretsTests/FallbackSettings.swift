import Secrets
import Testing
import Time

@Suite("The settings of a fallback")
struct FallbackSettings {
    @Test("the last day counts to its end in UTC")
    func lastDay() throws {
        let fallback = try Fallback(context: "aws-legacy", until: "2028-02-29", reason: "role not migrated yet")
        #expect(fallback.end == (try RFC3339.parse("2028-03-01T00:00:00Z")))
        #expect(fallback.until == "2028-02-29")
    }

    @Test(
        "a setting that cannot work is named",
        arguments: [
            ("", "2027-01-31", "why", "context"), ("a/b", "2027-01-31", "why", "context"),
            ("a", "2027-02-29", "why", "until"), ("a", "2027-01-31T00:00:00Z", "why", "until"),
            ("a", "never", "why", "until"),
            ("a", "2027-01-31", "", "reason"), ("a", "2027-01-31", "two\nlines", "reason"),
            ("a", "2027-01-31", String(repeating: "x", count: 257), "reason"),
        ]
    )
    func refused(_ context: String, _ until: String, _ reason: String, _ key: String) {
        #expect {
            try Fallback(context: context, until: until, reason: reason)
        } throws: {
            ($0 as? SecretsError)?.code == .setting(key)
        }
    }
}
