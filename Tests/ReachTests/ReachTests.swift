import Policy
import Reach
import Support
import Testing
import Time

@Suite("Who can reach what, by rule and by what really happened")
struct ReachTests {
    private static let now = UnixTime(seconds: 1_800_000_000)
    private static let since = now - .seconds(30 * 86_400)

    private struct Use {
        let kind: Reach.Kind
        let name: String
        let time: UnixTime
        let claims: [String: String]
    }

    private func use(
        _ changes: [String: String?] = [:],
        daysAgo: Int64 = 1,
        of name: String = "aws-prod",
        _ kind: Reach.Kind = .target
    ) -> Use {
        var claims = [
            "project": "acme/web", "workflow": "deploy", "job": "release", "ref": "refs/heads/main", "trust": "trusted",
        ]
        for (name, value) in changes { claims[name] = value }
        return Use(kind: kind, name: name, time: Self.now - .seconds(daysAgo * 86_400), claims: claims)
    }

    private func reach(
        _ rules: [KeyValuePairs<String, [String]>],
        _ uses: [Use],
        project: String? = nil
    ) throws -> [Reach.Finding] {
        let rules = try RuleList(rules.enumerated().map { try Rule.of($1, place: "jobpass.yaml:\($0 + 1):1") })
        let places = [Reach.Place(.target, "aws-prod", rules)]
        var counted = Reach.Uses(of: places)
        for use in uses { counted.add(use.kind, use.name, at: use.time, by: use.claims) }
        return Reach(places, counted, unusedSince: Self.since, project: project).findings
    }

    @Test("a use counts for the first rule that allows it, and a rule without one is unused")
    func firstRule() throws {
        let findings = try reach(
            [["project": ["acme/web"]], ["project": ["acme/*"]], ["project": ["acme/old"]]],
            [use(), use(["project": "acme/api"], daysAgo: 3), use(["project": "acme/api"], daysAgo: 2)]
        )
        #expect(findings.map(\.uses) == [1, 2, 0])
        #expect(findings.map(\.isUnused) == [false, false, true])
        #expect(findings[1].last == Self.now - .seconds(2 * 86_400))
        #expect(findings[1].projects == ["acme/api"])
        #expect(findings[2].tighter == nil)
    }

    @Test("a use that is long ago leaves the rule unused, and still counts for the tighter one")
    func longAgo() throws {
        let finding = try #require(try reach([["project": ["acme/*"]]], [use(daysAgo: 60)]).first)
        #expect(finding.isUnused)
        #expect(finding.uses == 1)
        #expect(finding.tighter?.contains("project: acme/web") == true)
    }

    @Test("another place's uses are no uses, and what no rule allows any more is told")
    func elsewhere() throws {
        let findings = try reach(
            [["project": ["acme/web"]]],
            [use(of: "aws-qa"), use(of: "aws-prod", .context), use(["project": "globex/web"])]
        )
        #expect(findings.map(\.uses) == [0, 1])
        #expect(findings[1].place == nil)
        #expect(findings[1].projects == ["globex/web"])
    }

    @Test(
        "the tighter rule lists what was seen, and names what all uses have in common",
        arguments: [
            (["ref": ["refs/heads/*"]], ["refs/heads/main"], "ref: refs/heads/main"),
            (["ref": ["refs/heads/main", "refs/heads/old"]], ["refs/heads/main"], "ref: refs/heads/main"),
            (["ref": ["**"]], ["refs/heads/a", "refs/heads/b"], "ref: [refs/heads/a, refs/heads/b]"),
            (["ref": ["**"]], (1...12).map { "refs/heads/release-\($0)" }, #"ref: "refs/heads/release-*""#),
            (["ref": ["**"]], (1...12).map { "refs/heads/r/\($0)/x" }, #"ref: "refs/heads/r/**""#),
        ] as [(KeyValuePairs<String, [String]>, [String], String)]
    )
    func tighter(rule: KeyValuePairs<String, [String]>, refs: [String], wanted: String) throws {
        let finding = try #require(try reach([rule], refs.map { use(["ref": $0]) }).first)
        let tighter = try #require(finding.tighter)
        #expect(tighter.contains(wanted), "\(tighter)")
        #expect(tighter.contains("workflow: deploy, job: release"))
    }

    @Test("a rule that is as tight as its uses stays as it is")
    func tight() throws {
        let rule: KeyValuePairs = [
            "project": ["acme/web"], "workflow": ["deploy"], "job": ["release"], "ref": ["refs/heads/main"],
        ]
        #expect(try reach([rule], [use()]).first?.tighter == nil)
    }

    @Test("what some run lacked is not demanded")
    func lacking() throws {
        let uses = [use(["environment": "production"]), use()]
        let tighter = try #require(try reach([["project": ["acme/*"]]], uses).first?.tighter)
        #expect(!tighter.contains("environment"))
    }

    @Test("one project sees the rules that can be its, and its own uses")
    func project() throws {
        let findings = try reach(
            [["project": ["acme/web"]], ["project": ["acme/*"]], ["ref": ["refs/heads/main"]]],
            [use(), use(["project": "acme/api"])],
            project: "acme/api"
        )
        #expect(findings.map(\.rule) == [#"{project: "acme/*"}"#, "{ref: refs/heads/main}"])
        #expect(findings.map(\.uses) == [1, 0])
    }
}
