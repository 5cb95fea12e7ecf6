import Runs
import Support
import Testing
import Text

@Suite("Attestations")
struct AttestationTests {
    @Test("claims stand in the contract's order, trust among them, further ones behind")
    func order() throws {
        let attestation = try Attestation(
            RunRequest(
                [
                    .repository: "git", .job: "release", .ref: "refs/heads/main", .project: "acme/web",
                    .workflow: "deploy",
                ],
                trust: .untrusted,
                further: [Claim("tier", "2"), Claim("team", "web")]
            ),
            by: .sample,
            limits: .standard
        )
        #expect(
            attestation.claims == [
                Claim("project", "acme/web"), Claim("workflow", "deploy"), Claim("job", "release"),
                Claim("ref", "refs/heads/main"), Claim("repository", "git"), Claim("trust", "untrusted"),
                Claim("tier", "2"), Claim("team", "web"),
            ]
        )
        #expect(
            String(decoding: attestation.json, as: UTF8.self) == #"""
                {"project":"acme/web","workflow":"deploy","job":"release","ref":"refs/heads/main","repository":"git",\#
                "trust":"untrusted","tier":"2","team":"web"}
                """#
        )
        #expect(attestation.principal == "runner-fleet")
        #expect(attestation[.ref] == "refs/heads/main")
        #expect(attestation[.actor] == nil)
    }

    @Test("a value is escaped in JSON, not changed")
    func escapes() throws {
        let attestation = try Attestation.sample([.ref: #"refs/heads/"a\b"é🚀"#])
        #expect(String(decoding: attestation.json, as: UTF8.self).contains(#""ref":"refs/heads/\"a\\b\"é🚀""#))
    }

    @Test("a run without a required member is refused", arguments: StandardClaim.required)
    func required(_ name: StandardClaim) {
        #expect(throws: AttestationError(.malformed, member: name.rawValue, seen: "nothing", wanted: "a string")) {
            try Attestation.sample([name: ""])
        }
    }

    @Test(
        "a value that nobody can read or compare is refused",
        arguments: [
            ("a\nb", "the character U+000A"), ("\u{0}", "the character U+0000"), ("a\u{7F}", "the character U+007F"),
            ("\u{9B}31m", "the character U+009B"), ("refs/\u{202E}niam", "the character U+202E"),
            (String(repeating: "é", count: 513), "1026 bytes"),
        ]
    )
    func unreadable(value: String, seen: String) throws {
        let error = try #require(throws: AttestationError.self) { try Attestation.sample([.ref: value]) }
        #expect(error.code == .malformed)
        #expect(error.member == "ref")
        #expect(error.seen == seen)
    }

    @Test("an empty value is refused, with advice")
    func empty() throws {
        let request = RunRequest([.project: "acme/web", .workflow: "deploy", .job: "release", .environment: ""])
        let error = try #require(throws: AttestationError.self) {
            try Attestation(request, by: .sample, limits: .standard)
        }
        #expect(
            "\(error)" == "'environment': saw an empty string, wanted a string that is not empty, or no such member"
        )
    }

    @Test(
        "a project outside the principal's rule is denied",
        arguments: ["evil/web", "acme/webs", "acme/web/x", "ACME/web"]
    )
    func foreignProject(project: String) throws {
        let error = try #require(throws: AttestationError.self) { try Attestation.sample([.project: project]) }
        #expect(error.code == .denied)
        #expect(
            "\(error)"
                == "'project': saw '\(project)', wanted a project of principal 'runner-fleet': acme/web, acme/api"
        )
    }

    @Test("a principal whose rule has a star attests what it matches, to the next slash")
    func starredProject() throws {
        let fleet = Attestor(name: "fleet", projects: [try Pattern("acme/*")], claims: [])
        #expect(throws: Never.self) {
            try Attestation(.sample([.project: "acme/any"]), by: fleet, limits: .standard)
        }
        #expect(throws: AttestationError.self) {
            try Attestation(.sample([.project: "acme/any/more"]), by: fleet, limits: .standard)
        }
    }

    @Test(
        "a claim with a meaning of its own cannot be overridden, not even where the principal's rule lists it",
        arguments: [
            "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "act", "cnf", "project", "ref", "trust", "run_id",
            "job_claims", "jobpass_x", "https://aws.amazon.com/tags", "https://aws.amazon.com/source_identity",
        ]
    )
    func reserved(name: String) throws {
        let greedy = Attestor(name: "greedy", projects: [try Pattern("**")], claims: [name])
        let error = try #require(throws: AttestationError.self) {
            try Attestation(.sample(further: [Claim(name, "x")]), by: greedy, limits: .standard)
        }
        #expect(error.code == .malformed)
        #expect(error.member == "claims.\(name)")
        #expect(error.seen == "a reserved name")
    }

    @Test("a further claim that the principal's rule does not list is denied, with the one that was meant")
    func unlisted() throws {
        let error = try #require(throws: AttestationError.self) {
            try Attestation.sample(further: [Claim("taem", "web")])
        }
        #expect(error.code == .denied)
        #expect(error.wanted == "one of team, tier; did you mean 'team'?")
        let none = Attestor(name: "plain", projects: [try Pattern("**")], claims: [])
        let other = try #require(throws: AttestationError.self) {
            try Attestation(.sample(further: [Claim("team", "web")]), by: none, limits: .standard)
        }
        #expect(other.wanted == "none, because its rule lists no claims")
    }

    @Test(
        "a further claim's name is visible ASCII and not too long",
        arguments: [
            "", "te am", "téam", "te\"am", "te\\am", "te\nam", String(repeating: "a", count: 129),
        ]
    )
    func badName(name: String) throws {
        let all = Attestor(name: "all", projects: [try Pattern("**")], claims: [name])
        let error = try #require(throws: AttestationError.self) {
            try Attestation(.sample(further: [Claim(name, "x")]), by: all, limits: .standard)
        }
        #expect(error.code == .malformed)
        #expect(error.member == "claims")
    }

    @Test("the same further claim twice is refused")
    func twice() throws {
        let error = try #require(throws: AttestationError.self) {
            try Attestation.sample(further: [Claim("team", "a"), Claim("team", "b")])
        }
        #expect(error.member == "claims.team")
    }

    @Test("claims are limited in number and in all their bytes")
    func limits() throws {
        var limits = RunLimits.standard
        limits.furtherClaims = 1
        let two = RunRequest.sample(further: [Claim("team", "a"), Claim("tier", "b")])
        #expect(throws: AttestationError(.malformed, member: "claims", seen: "2 claims", wanted: "at most 1")) {
            try Attestation(two, by: .sample, limits: limits)
        }
        limits = .standard
        let long = String(repeating: "x", count: 1_000)
        let large = RunRequest.sample([.ref: long, .sha: long, .event: long, .actor: long])
        let error = try #require(throws: AttestationError.self) {
            try Attestation(large, by: .sample, limits: limits)
        }
        #expect(error.wanted == "at most 4096")
        limits.totalLength = 8_192
        #expect(throws: Never.self) { try Attestation(large, by: .sample, limits: limits) }
    }

    @Test("a run lives as long as it asks, within the limits", arguments: [1, 3_600, 86_400] as [Int64])
    func lifetime(seconds: Int64) throws {
        #expect(try Attestation.sample(expiresIn: seconds).lifetime == .seconds(seconds))
    }

    @Test("a run that does not say how long lives for the default")
    func defaultLifetime() throws {
        #expect(try Attestation.sample().lifetime == .seconds(6 * 3_600))
    }

    @Test(
        "a life of no time, of negative time or beyond the limit is refused",
        arguments: [0, -1, 86_401, .min, .max] as [Int64]
    )
    func badLifetime(seconds: Int64) throws {
        let error = try #require(throws: AttestationError.self) { try Attestation.sample(expiresIn: seconds) }
        #expect("\(error)" == "'expires_in': saw \(seconds), wanted from 1 to 86400 seconds")
    }
}
