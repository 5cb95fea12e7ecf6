import Configuration
import Exchange
import Support
import Testing

@Suite("Bounds and later keys")
struct BoundTests {
    /// A key with its smallest and largest value, and what is just outside.
    struct Bound: Sendable, CustomTestStringConvertible {
        let section: String
        let key: String
        let inside: [String]
        let outside: [String]

        init(_ section: String, _ key: String, _ inside: [String], _ outside: [String]) {
            self.section = section
            self.key = key
            self.inside = inside
            self.outside = outside
        }

        var testDescription: String { "\(section).\(key)" }
    }

    static let bounds = [
        Bound("limits", "connections", ["1", "100000"], ["0", "100001", "1.5", "1_000", "+5", "0x10", "many"]),
        Bound("limits", "connections_per_address", ["1", "100000"], ["0", "100001"]),
        Bound("limits", "requests", ["1", "100000"], ["0", "100001"]),
        Bound("limits", "buffered_bytes", ["1048576", "4294967296"], ["1048575", "4294967297", "64M"]),
        Bound("limits", "header_timeout", ["1s", "1h"], ["0s", "61m"]),
        Bound("limits", "run_rate", ["1", "1000000"], ["0", "1000001", "5/s"]),
        Bound("limits", "run_burst", ["1", "1000000"], ["0", "1000001"]),
        Bound("limits", "principal_rate", ["1", "1000000"], ["0", "1000001"]),
        Bound("limits", "principal_burst", ["1", "1000000"], ["0", "1000001"]),
        Bound("limits", "address_rate", ["1", "1000000"], ["0", "1000001"]),
        Bound("limits", "address_burst", ["1", "1000000"], ["0", "1000001"]),
        Bound(
            "limits",
            "unlimited_addresses",
            ["[]", "[192.0.2.7]", "[10.0.0.0/8, '::1', '2001:db8::/32']"],
            ["192.0.2.7", "[10.0.0.1/8]", "[ci.example.com]", "[192.0.2.7/33]", "['fe80::1%eth0']", "[1.2.3]"]
        ),
        Bound("limits", "tokens_per_run", ["1", "1000000000"], ["0", "1000000001"]),
        Bound("limits", "header_bytes", ["1024", "1048576"], ["1023", "1048577"]),
        Bound("limits", "header_fields", ["10", "1000"], ["9", "1001"]),
        Bound("limits", "target_bytes", ["256", "65536"], ["255", "65537"]),
        Bound("limits", "body_bytes", ["65536", "16777216"], ["1023", "16777217"]),
        Bound("limits", "json_depth", ["4", "128"], ["3", "129"]),
        Bound("limits", "idle_timeout", ["1s", "1h"], ["0s", "61m", "1"]),
        Bound("limits", "request_timeout", ["1s", "60m"], ["2h"]),
        Bound("limits", "drain_timeout", ["1s", "3600s"], ["3601s"]),
        Bound("limits", "requests_per_run", ["1", "100000"], ["0", "100001"]),
        Bound("limits", "requests_per_principal", ["1", "100000"], ["0", "100001"]),
        Bound("limits", "response_bytes", ["4096", "16777216"], ["4095", "16777217"]),
        Bound("limits", "secret_bytes", ["1", "65536"], ["0", "65537"]),
        Bound("proxies", "header", ["forwarded", "x-forwarded-for", "proxy-protocol"], ["Forwarded", "both", "1"]),
        Bound("runs", "lifetime", ["1m", "24h"], ["59s", "25h", "8d"]),
        Bound("runs", "maximum_lifetime", ["6h", "7d"], ["59s", "8d"]),
        Bound("runs", "active", ["1", "10000000"], ["0", "10000001", "99999999999999999999"]),
        Bound("runs", "further_claims", ["1", "256"], ["0", "257"]),
        Bound("runs", "claim_bytes", ["64", "1024"], ["63", "1025"]),
        Bound("runs", "claims_bytes", ["1024", "16384"], ["1023", "16385"]),
        Bound("token", "lifetime", ["10s", "1h"], ["9s", "61m", "5", "5min"]),
        Bound("token", "maximum_lifetime", ["10s", "24h"], ["9s", "25h"]),
        Bound("keys", "rotate_after", ["1d", "3650d"], ["23h", "3651d", "never"]),
        Bound("keys", "cache_time", ["1s", "1d"], ["0s", "25h", "long"]),
    ]

    func parse(_ bound: Bound, _ value: String) throws -> Settings {
        let keys = bound.section == "keys" ? "" : "keys: {directory: keys}"
        let directory =
            bound.section == "keys"
            ? "directory: keys, " : bound.section == "proxies" ? "addresses: [10.0.0.0/8], " : ""
        let text = """
            issuer: https://ci.example.com
            store: sqlite:jobpass.db
            \(keys)
            \(bound.section): {\(directory)\(bound.key): \(value)}
            """
        return try Configuration.parse(Array(text.utf8), file: "jobpass.yaml")
    }

    @Test("a value within its bounds is taken, one outside is an error at its key", arguments: bounds)
    func bounded(bound: Bound) throws {
        for value in bound.inside {
            #expect(throws: Never.self, "\(value)") { try parse(bound, value) }
        }
        for value in bound.outside {
            let invalid = try #require(throws: InvalidConfiguration.self, "\(value)") { try parse(bound, value) }
            let errors = invalid.problems.filter { $0.severity == .error }
            #expect(errors.map(\.key) == ["\(bound.section).\(bound.key)"], "\(value)")
            #expect(errors.map(\.line) == [4])
        }
    }

    @Test(
        "a target is probed where it says so, as often as it says",
        arguments: [
            ("vault", "probe: true", 86_400), ("vault", "probe: true, probe_every: 6h", 21_600),
            ("vault", "probe: false", nil), ("vault", "timeout: 5s", nil), ("vault", "probe_every: 6h", -1),
            ("vault", "probe: false, probe_every: 6h", -1), ("vault", "probe: true, probe_every: 1m", -1),
            ("vault", "probe: yes", -1), ("none", "probe: true", -1),
        ] as [(String, String, Int64?)]
    )
    func probes(type: String, line: String, seconds: Int64?) throws {
        let needed = [
            "vault": "address: https://vault.example.com, role: deploy, audience: v", "none": "audience: x",
        ]
        let text = """
            issuer: https://ci.example.com
            store: sqlite:jobpass.db
            keys: {directory: keys}
            targets: {t: {type: \(type), allow: [{project: "**"}], \(needed[type] ?? ""), \(line)}}
            """
        guard seconds != -1 else {
            let invalid = try #require(throws: InvalidConfiguration.self) {
                try Configuration.parse(Array(text.utf8), file: "jobpass.yaml")
            }
            #expect(invalid.problems.contains { $0.key.hasPrefix("targets.t.probe") })
            return
        }
        let settings = try Configuration.parse(Array(text.utf8), file: "jobpass.yaml")
        #expect(settings.targets.first?.probed == seconds.map { .seconds($0) })
    }

    @Test(
        "an algorithm fits the type of its target and there is a key for it",
        arguments: [
            ("aws", "RS256", true), ("aws", "ES256", true), ("aws", "ES384", true), ("aws", "EdDSA", false),
            ("vault", "RS256", true), ("vault", "EdDSA", true), ("vault", "ES512", false), ("none", "EdDSA", true),
            ("none", "PS256", false), ("none", "HS256", false), ("none", "none", false), ("vault", "rs256", false),
        ]
    )
    func algorithms(type: String, algorithm: String, isTaken: Bool) throws {
        let needed = [
            "aws": "role: arn:aws:iam::123456789012:role/deploy, region: eu-west-1",
            "vault": "address: https://vault.example.com, role: deploy, audience: v",
            "none": "audience: x",
        ]
        let text = """
            issuer: https://ci.example.com
            store: sqlite:jobpass.db
            keys: {directory: keys, algorithms: [RS256, ES256, ES384, EdDSA]}
            targets: {t: {type: \(type), allow: [{project: "**"}], \(needed[type] ?? ""), algorithm: \(algorithm)}}
            """
        guard !isTaken else {
            #expect(throws: Never.self) { try Configuration.parse(Array(text.utf8), file: "jobpass.yaml") }
            return
        }
        let invalid = try #require(throws: InvalidConfiguration.self) {
            try Configuration.parse(Array(text.utf8), file: "jobpass.yaml")
        }
        let errors = invalid.problems.filter { $0.severity == .error }
        #expect(errors.map(\.key) == ["targets.t.algorithm"])
    }
}
