import JSON
import Support
import Testing
import Trust

/// A policy of the vectors with a token and what the cloud makes of it.
struct PolicyCase: Sendable, CustomTestStringConvertible {
    let name: String
    let kind: PolicyKind
    let text: [UInt8]
    let presented: Presented
    let verdict: Verdict
    /// The claim of the first condition that does not hold.
    let decides: String?

    var testDescription: String { name }

    static let all: [PolicyCase] = {
        do {
            let base = try Vectors.json("policies.json")["claims"]?.asObject ?? [:]
            return try Vectors.all("policies.json").map { try PolicyCase($0, base) }
        } catch {
            fatalError("policies.json: \(error)")
        }
    }()

    private init(_ vector: Vector, _ base: JSONObject) throws {
        let members = vector.members
        let known: Set<String> = [
            "name", "kind", "policy", "text", "claims", "verdict", "decides", "role", "session", "now",
        ]
        for member in members.asObject?.members ?? [] {
            try #require(known.contains(member.name), "\(vector.name) has a member '\(member.name)'")
        }
        name = vector.name
        kind = try #require(PolicyKind(rawValue: try vector.text("kind")))
        text = members["text"]?.asString.map { Array($0.utf8) } ?? (members["policy"] ?? .null).serialized(pretty: true)
        var claims = base
        for member in members["claims"]?.asObject?.members ?? [] {
            claims[member.name] = member.value == .null ? nil : member.value
        }
        presented = Presented(
            claims,
            role: members["role"]?.asString,
            session: members["session"]?.asString,
            now: members["now"]?.asInteger
        )
        verdict = try #require(Verdict(rawValue: try vector.text("verdict")))
        decides = members["decides"]?.asString
    }
}

@Suite("Policies say of tokens what their clouds say")
struct PolicyVectorTests {
    @Test("each policy answers its token", arguments: PolicyCase.all)
    func answers(_ example: PolicyCase) throws {
        let policy = try PolicyReader.read(example.text)
        #expect(policy.kind == example.kind)
        let explanation = policy.explain(example.presented)
        #expect(explanation.verdict == example.verdict, "\(explanation)")
        if let decides = example.decides {
            let checks = explanation.clauses.flatMap(\.checks).filter { $0.verdict != .pass }
            #expect(checks.contains { $0.claim == decides }, "\(checks)")
        }
    }

    @Test("what fails comes with what was seen and wanted, and with a change", arguments: PolicyCase.all)
    func changes(_ example: PolicyCase) throws {
        let explanation = try PolicyReader.read(example.text).explain(example.presented)
        for check in explanation.clauses.flatMap(\.checks) where check.verdict == .fail {
            #expect(!(check.change ?? "").isEmpty, "\(check)")
            #expect(!check.seen.isEmpty && !check.wanted.isEmpty, "\(check)")
        }
    }

    @Test("there are at least eighty, and some of every kind and verdict")
    func coverage() {
        #expect(PolicyCase.all.count >= 80)
        for kind in PolicyKind.allCases where kind != .own {
            for verdict in [Verdict.pass, .fail, .cannotTell] {
                #expect(PolicyCase.all.contains { $0.kind == kind && $0.verdict == verdict }, "\(kind) \(verdict)")
            }
        }
        #expect(Set(PolicyCase.all.map(\.name)).count == PolicyCase.all.count)
    }

    @Test("a condition says where it stands")
    func places() throws {
        let text = """
            {
              "Version": "2012-10-17",
              "Statement": [{
                "Effect": "Allow",
                "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/ci.example.com"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                  "StringEquals": {
                    "ci.example.com:aud": "sts.amazonaws.com",
                    "ci.example.com:sub": "project:acme/web"
                  }
                }
              }]
            }
            """
        let explanation = try PolicyReader.read(Array(text.utf8)).explain(
            Presented(["iss": "https://ci.example.com", "aud": "sts.amazonaws.com", "sub": "project:acme/app"])
        )
        let failed = explanation.clauses.flatMap(\.checks).filter { $0.verdict == .fail }
        #expect(failed.map(\.place) == [Place(line: 10, column: 9)])
        #expect(failed.map(\.seen) == ["'project:acme/app'"])
        #expect(failed.map(\.wanted) == ["'project:acme/web'"])
        #expect(failed.map(\.change) == ["add \"project:acme/app\" to ci.example.com:sub under StringEquals"])
        #expect(explanation.reason == "1 of 4 conditions of statement 1 fail")
        #expect(
            explanation.cause
                == "line 10, StringEquals ci.example.com:sub: saw 'project:acme/app', wanted 'project:acme/web'"
        )
    }

    @Test(
        "what is no policy is refused with the place",
        arguments: [
            ("{\"Statement\": [{\"Effect\": \"allow\", \"Action\": \"*\"}]}", "1:27: Effect is neither Allow nor Deny"),
            ("{\"Statement\": [1]}", "1:16: a statement is an object"),
            ("{\"Statement\": [{\"Effect\": \"Allow\"}]}", "1:16: statement 1 has no Action"),
            ("{\"oidc\": {}}", "1:10: oidc has no issuerUri"),
            ("{\"kind\": \"AuthenticationConfiguration\"}", "1:1: the configuration has no jwt authenticator"),
            ("{\"x\": 1}", "what kind of policy it is cannot be told"),
            ("{\"x\": ", "it is no JSON"), ("a: [", "it is no YAML that is read here"),
            ("targets: {}", "Jobpass's rules stand in its configuration"),
        ]
    )
    func refusals(text: String, words: String) {
        #expect {
            try PolicyReader.read(Array(text.utf8))
        } throws: { error in
            "\(error)".contains(words)
        }
    }
}
