import JSON
import Support
import Testing
import Trust

@Suite("Lint proves what it finds")
struct LintTests {
    private static let provider = "\"Principal\": {\"Federated\": \"arn:aws:iam::1:oidc-provider/ci.example.com\"}"

    /// An AWS policy of one statement with these conditions.
    private static func aws(_ condition: String, action: String = "\"sts:AssumeRoleWithWebIdentity\"") -> String {
        """
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", \(provider), "Action": \(action), "Condition": {\(condition)}}]}
        """
    }

    private static func google(_ condition: String) -> String {
        """
        {"name": "projects/1/locations/global/workloadIdentityPools/ci/providers/p", "oidc": {"issuerUri": "https://ci.example.com"},
         "attributeMapping": {"google.subject": "assertion.sub", "attribute.project": "assertion.project"},
         "attributeCondition": \(JSON.string(condition).text)}
        """
    }

    private static let aud = "\"StringEquals\": {\"ci.example.com:aud\": \"sts.amazonaws.com\"}"

    @Test(
        "each fault is found",
        arguments: [
            (aws(aud), .onlyAudience),
            (aws("\"StringEquals\": {\"ci.example.com:sub\": \"x\"}"), .anyAudience),
            (
                "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"*\"}}",
                .anyIssuer
            ),
            (
                aws("\(aud), \"StringLike\": {\"ci.example.com:sub\": \"project:acme/*:ref:refs/heads/main\"}"),
                .wildcardCrosses
            ),
            (aws("\(aud), \"StringLike\": {\"ci.example.com:sub\": \"project:acme/web*\"}"), .unanchored),
            (aws("\(aud), \"StringLike\": {\"ci.example.com:sub\": \"*\"}"), .tautology),
            (aws("\(aud), \"StringLike\": {\"ci.example.com:sub\": \"${ci.example.com:sub}\"}"), .tautology),
            (aws("\(aud), \"ForAllValues:StringEquals\": {\"ci.example.com:amr\": \"trusted\"}"), .passesOnAbsence),
            (aws("\(aud), \"StringEqualsIfExists\": {\"ci.example.com:email\": \"x\"}"), .passesOnAbsence),
            (aws("\(aud), \"StringLike\": {\"ci.example.com:sub\": \"^project:acme/.*$\"}"), .otherSyntax),
            (aws("\(aud), \"StringEquals\": {\"ci.example.com:sub\": \"project:acme/*\"}"), .otherSyntax),
            (aws("\(aud), \"StringEqualsIgnoreCase\": {\"ci.example.com:sub\": \"project:acme/web\"}"), .caseIgnored),
            (aws("\"StringEquals\": {\"ci.example.com:sub\": \"x\"}, \(aud)"), .duplicateKey),
            (aws("\"StringEquals\": {\"ci.example.com:sub\": \"project:acme/web\"}"), .noTagSession),
            (aws("\"StringEquals\": {\"ci.example.com:sub\": \"project:acme/web\"}"), .reusableName),
            (aws("\"StringEquals\": {\"ci.example.com:sub\": \"\(String(repeating: "x", count: 256))\"}"), .limit),
            (aws("\"StringEquals\": {\"other.example.com:project\": \"x\"}"), .admitsNobody),
            (google("assertion.iss != ''"), .onlyAudience),
            (google("assertion.project.startsWith('acme/web')"), .unanchored),
            (google("assertion.sub.contains('acme/web')"), .unanchored),
            (google("assertion.sub.matches('^project:acme/web')"), .unanchored),
            (google("attribute.project.matches('acme/*')"), .otherSyntax),
            (google("assertion.project == 'acme/*'"), .otherSyntax),
            (google("assertion.project.lowerAscii() == 'acme/web'"), .caseIgnored),
            (google("assertion.actor == 'alice'"), .chosenByJob),
            (google("assertion.project == 'acme/web'"), .reusableName),
            (google("assertion.sub == '\(String(repeating: "x", count: 128))'"), .limit),
            (
                "{\"issuer\": \"https://ci.example.com\", \"subject\": \"project:acme/*\", \"audiences\": [\"a\"]}",
                .otherSyntax
            ),
            (
                "{\"issuer\": \"https://ci.example.com\", \"subject\": \"project:acme/web\", \"audiences\": [\"a\", \"b\"]}",
                .limit
            ),
            (
                "{\"issuer\": \"https://gitlab.com\", \"audiences\": [\"a\"], \"claimsMatchingExpression\": {\"value\": \"claims['sub'] matches 'project_path:acme/*:ref:main'\"}}",
                .wildcardCrosses
            ),
            ("{\"role_type\": \"jwt\", \"user_claim\": \"sub\", \"bound_audiences\": [\"vault\"]}", .onlyAudience),
            (
                "{\"role_type\": \"jwt\", \"user_claim\": \"sub\", \"bound_audiences\": [\"vault\"], \"bound_claims\": {\"project\": \"acme/*\"}}",
                .otherSyntax
            ),
            (
                "{\"role_type\": \"jwt\", \"user_claim\": \"sub\", \"bound_audiences\": [\"vault\"], \"bound_claims_type\": \"glob\", \"bound_claims\": {\"sub\": \"project:acme/*:job:x\"}}",
                .wildcardCrosses
            ),
            (
                "{\"role_type\": \"jwt\", \"user_claim\": \"sub\", \"bound_audiences\": [\"vault\"], \"bound_claims\": {\"/job_claims/team\": \"web\"}}",
                .chosenByJob
            ),
            (
                "{\"kind\": \"AuthenticationConfiguration\", \"jwt\": [{\"issuer\": {\"url\": \"https://ci.example.com\", \"audiences\": [\"k8s\"]}, \"claimMappings\": {\"username\": {\"claim\": \"sub\"}}}]}",
                .onlyAudience
            ),
            (
                "{\"kind\": \"AuthenticationConfiguration\", \"jwt\": [{\"issuer\": {\"url\": \"https://ci.example.com\", \"audiences\": [\"k8s\"]}, \"claimMappings\": {\"username\": {\"claim\": \"sub\"}}, \"claimValidationRules\": [{\"expression\": \"claims.project.startsWith('acme')\"}]}]}",
                .unanchored
            ),
        ] as [(String, LintRule)]
    )
    func finds(text: String, rule: LintRule) throws {
        let policy = try PolicyReader.read(Array(text.utf8))
        let findings = Linter.findings(in: policy)
        #expect(findings.contains { $0.rule == rule }, "found \(findings.map(\.rule)) and no \(rule)")
        try prove(findings, policy)
    }

    @Test("a claim of which a configuration says that jobs choose it is found by that, and told once")
    func chosen() throws {
        let text =
            "{\"role_type\": \"jwt\", \"user_claim\": \"sub\", \"bound_audiences\": [\"vault\"], \"bound_claims\": {\"project\": \"acme/web\", \"project_id\": \"1\", \"tier\": \"gold\", \"workflow\": \"deploy\"}}"
        let policy = try PolicyReader.read(Array(text.utf8))
        let plain = Linter.findings(in: policy).filter { $0.rule == .chosenByJob }
        #expect(plain.map(\.message).filter { $0.contains("'tier'") }.isEmpty)
        let known = [
            "tier": "federation 'x' takes it from 'build_source'",
            "workflow": "federation 'x' takes it from 'workflow'",
        ]
        let findings = Linter.findings(in: policy, chosen: known)
        let told = findings.filter { $0.rule == .chosenByJob }.map(\.message)
        #expect(told.contains("'tier' decides, and federation 'x' takes it from 'build_source'"))
        #expect(
            told.filter { $0.hasPrefix("'workflow' ") } == [
                "'workflow' decides, and federation 'x' takes it from 'workflow'"
            ]
        )
        try prove(findings, policy)
    }

    @Test("every witness passes the policy that it was found in", arguments: PolicyCase.all)
    func witnesses(_ example: PolicyCase) throws {
        let policy = try PolicyReader.read(example.text)
        try prove(Linter.findings(in: policy), policy)
    }

    private func prove(_ findings: [Finding], _ policy: any TrustPolicy) throws {
        for finding in findings {
            #expect(!finding.message.isEmpty && !finding.fix.isEmpty)
            guard let witness = finding.witness else {
                // No token passes at all: there is nothing that a witness could be.
                #expect([.limit, .admitsNobody].contains(finding.rule), "\(finding.rule) has no witness")
                #expect(
                    findings.contains { $0.rule == .admitsNobody },
                    "somebody passes, and \(finding.rule) shows nobody"
                )
                continue
            }
            let explanation = policy.explain(Presented(witness))
            #expect(explanation.verdict == .pass, "\(finding.rule): \(explanation)")
        }
    }

    @Test("the gravest comes first, and a witness is a stranger's")
    func order() throws {
        let policy = try PolicyReader.read(Array(Self.aws(Self.aud).utf8))
        let findings = Linter.findings(in: policy)
        #expect(findings.first?.rule == .onlyAudience)
        #expect(findings.first?.witness?["sub"]?.asString?.contains("stranger") == true)
        #expect(findings.map(\.rule.level) == findings.map(\.rule.level).sorted(by: >))
    }

    @Test("a tight policy has no errors and no warnings")
    func tight() throws {
        let text = Self.aws(
            "\"StringEquals\": {\"ci.example.com:aud\": \"sts.amazonaws.com\", \"ci.example.com:sub\": \"project:acme/web:project_id:7\"}",
            action: "[\"sts:AssumeRoleWithWebIdentity\", \"sts:TagSession\"]"
        )
        let findings = Linter.findings(in: try PolicyReader.read(Array(text.utf8)))
        #expect(findings.allSatisfy { $0.rule.level == .note }, "\(findings.map(\.message))")
    }

    @Test("a dropped duplicate says where it stands and what counts")
    func duplicate() throws {
        let text = """
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", \(Self.provider),
             "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {
              "StringEquals": {"ci.example.com:sub": "project:acme/web"},
              "StringEquals": {"ci.example.com:aud": "sts.amazonaws.com"}}}]}
            """
        let finding = try #require(
            Linter.findings(in: try PolicyReader.read(Array(text.utf8))).first { $0.rule == .duplicateKey }
        )
        #expect(finding.place == Place(line: 3, column: 3))
        #expect(
            finding.message
                == "\"StringEquals\" stands again in line 4, and only that one counts: what line 3 says is dropped"
        )
        #expect(finding.witness?["sub"] != "project:acme/web")
    }
}
