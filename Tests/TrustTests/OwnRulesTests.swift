import Claims
import JSON
import Policy
import Testing
import Text
import Trust

@Suite("Jobpass's own rules are explained and linted like a cloud's")
struct OwnRulesTests {
    private func rules(_ rules: [[(String, [String])]]) throws -> OwnRules {
        let made = try rules.enumerated().map { index, conditions in
            try Rule(
                conditions.map { try Condition(ClaimName($0.0), $0.1.map { try Pattern($0) }) },
                place: "jobpass.yaml:\(41 + index):9"
            )
        }
        return OwnRules("target 'aws'", try RuleList(made))
    }

    private let run: JSONObject = [
        "project": "acme/web", "workflow": "deploy", "job": "release", "ref": "refs/heads/main", "trust": "trusted",
    ]

    @Test("a rule that matches allows")
    func allows() throws {
        let explanation = try rules([[("project", ["x"])], [("project", ["acme/*"])]]).explain(Presented(run))
        #expect(explanation.verdict == .pass)
        #expect(explanation.reason == "rule 2 of target 'aws' allows it")
    }

    @Test("a rule that does not match says which claim, where it stands")
    func refuses() throws {
        let explanation = try rules([[("project", ["acme/web"]), ("ref", ["refs/heads/dev", "refs/tags/*"])]])
            .explain(Presented(run))
        #expect(explanation.verdict == .fail)
        let failed = try #require(explanation.nearest?.checks.first { $0.verdict == .fail })
        #expect(failed.place == Place(line: 41, column: 9))
        #expect(failed.claim == "ref")
        #expect(failed.seen == "'refs/heads/main'")
        #expect(failed.wanted == "'refs/heads/dev' or 'refs/tags/*'")
        #expect(failed.change == "add 'refs/heads/main' to ref")
    }

    @Test("a fork's run fails the condition that nobody wrote")
    func untrusted() throws {
        var fork = run
        fork["trust"] = "untrusted"
        let explanation = try rules([[("project", ["acme/web"])]]).explain(Presented(fork))
        #expect(explanation.verdict == .fail)
        #expect(explanation.nearest?.checks.first { $0.verdict == .fail }?.test == "implied")
    }

    @Test(
        "lint finds what rules admit",
        arguments: [
            ("project", "acme/**", .wildcardCrosses), ("actor", "alice", .chosenByJob),
            ("project", "^acme/.*$", .otherSyntax),
            ("project", "acme/web", .reusableName),
        ] as [(String, String, LintRule)]
    )
    func lint(claim: String, pattern: String, rule: LintRule) throws {
        let policy = try rules([[(claim, [pattern])]])
        let findings = Linter.findings(in: policy)
        let finding = try #require(findings.first { $0.rule == rule }, "\(findings.map(\.rule))")
        #expect(policy.explain(Presented(try #require(finding.witness))).verdict == .pass)
    }
}
