import Claims
import Crypto
import Exchange
import Policy
import Support
import Testing
import Text
import TrustFiles

@Suite("The cloud's side says what the target's rules say")
struct TrustFilesTests {
    private static let role = "arn:aws:iam::123456789012:role/ci/deploy"
    static let issuer = "https://ci.example.com"

    /// The rule of a target with some allowed claims.
    static func rule(
        _ allow: [KeyValuePairs<String, [String]>],
        subject: [String] = ["project", "ref", "workflow", "job"],
        audience: String = "sts.amazonaws.com",
        limit: SubjectLimit = .openID
    ) throws -> TokenRule {
        TokenRule(
            audience: audience,
            algorithm: .rs256,
            lifetime: .seconds(300),
            maximumLifetime: .seconds(3_600),
            subject: SubjectFormat(subject.map { ClaimName($0) }),
            subjectLimit: limit,
            allow: try RuleList(
                allow.enumerated().map { try Rule.of($1, place: "jobpass.yaml:\($0 + 10):9") }
            )
        )
    }

    private static func files(
        _ service: Target.Service,
        _ rule: TokenRule,
        _ format: TrustFiles.Format,
        issuer: String = issuer,
        siblings: [(target: Target, rule: TokenRule)] = []
    ) throws -> [TrustFiles.File] {
        let target = try Target(name: "prod", service: service)
        return try TrustFiles(target, rule, issuers: .init(own: issuer), siblings: siblings).files(format)
    }

    static func aws(
        tags: [AWSSessionTag] = [],
        sourceIdentity: String? = nil,
        pinsRole: Bool = true,
        chain: [AWSChainedRole] = []
    ) throws -> Target.Service {
        .aws(
            try AWSTarget(
                role: role,
                region: "eu-west-1",
                tags: tags,
                sourceIdentity: sourceIdentity,
                pinsRole: pinsRole,
                chain: chain
            )
        )
    }

    static let gcp = Result {
        Target.Service.gcp(
            try GCPTarget(
                provider:
                    "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci-jobs/providers/jobpass",
                serviceAccount: "deploy@acme.iam.gserviceaccount.com"
            )
        )
    }

    static let azure = Result {
        Target.Service.azure(
            try AzureTarget(
                tenant: "contoso.onmicrosoft.com",
                clientID: "11111111-2222-3333-4444-555555555555",
                scope: "https://management.azure.com/.default"
            )
        )
    }

    static let vault = Result {
        Target.Service.vault(
            try VaultTarget(
                address: "https://vault.example.com",
                role: "deploy",
                reads: [try VaultRead(path: "secret/data/web", fields: [(variable: "DB", name: "password")])]
            )
        )
    }

    private static let mainBranch: KeyValuePairs = ["project": ["acme/web"], "ref": ["refs/heads/main"]]

    /// The trust policy that the AWS command line would read.
    private func policy(_ service: Target.Service, _ rule: TokenRule) throws -> String {
        try #require(try Self.files(service, rule, .awsCLI).first { $0.name == "prod-trust-policy.json" }).text
    }

    @Test("AWS compares aud, sub with every claim in its place, and the pinned role")
    func awsSubject() throws {
        let text = try policy(Self.aws(), Self.rule([Self.mainBranch]))
        #expect(text.contains(#""ci.example.com:aud": "sts.amazonaws.com""#))
        #expect(text.contains(#""ci.example.com:sub": "project:acme/web:ref:refs/heads/main:workflow:*:job:*""#))
        #expect(text.contains(#""sts:RoleAuthorizedByIdp": "true""#))
        #expect(text.contains("arn:aws:iam::123456789012:oidc-provider/ci.example.com"))
        #expect(!text.contains("sts:TagSession"))
    }

    @Test("a subject that can be written out is compared whole")
    func awsExact() throws {
        let rule = try Self.rule([Self.mainBranch], subject: ["project", "ref"])
        let text = try policy(Self.aws(pinsRole: false), rule)
        #expect(text.contains("StringEquals") && !text.contains("StringLike"))
        #expect(!text.contains("RoleAuthorizedByIdp"))
    }

    @Test("a star that stops at a slash in the rules stops there at AWS as well")
    func awsSingleStar() throws {
        let rule = try Self.rule(
            [["project": ["acme/web"], "ref": ["refs/heads/release-*"]]],
            subject: ["project", "ref"]
        )
        let text = try policy(Self.aws(), rule)
        #expect(text.contains(#""StringLike": {"#))
        #expect(text.contains("project:acme/web:ref:refs/heads/release-*\""))
        #expect(text.contains("project:acme/web:ref:refs/heads/release-*/*\""))
        #expect(text.contains("StringNotLike"))
    }

    @Test("tags are allowed, compared where sub lacks the claim, and a claim that nobody sees is told")
    func awsTags() throws {
        let rule = try Self.rule([["project": ["acme/web"], "environment": ["production"], "actor": ["alice"]]])
        let service = try Self.aws(
            tags: [AWSSessionTag(key: "Environment", claim: "environment")],
            sourceIdentity: "job"
        )
        let text = try policy(service, rule)
        #expect(text.contains(#""aws:RequestTag/Environment": "production""#))
        #expect(text.contains("sts:TagSession") && text.contains("sts:SetSourceIdentity"))
        let notes = try TrustFiles(try Target(name: "prod", service: service), rule, issuers: .init(own: Self.issuer))
            .notes()
        #expect(
            notes == [
                "AWS cannot compare 'actor': it is neither in 'subject' nor in 'tags'; the broker alone compares it"
            ]
        )
    }

    @Test("untrusted runs have a provider and a statement of their own")
    func awsUntrusted() throws {
        let rule = try Self.rule([Self.mainBranch, ["project": ["acme/web"], "trust": ["untrusted"]]])
        let text = try policy(Self.aws(), rule)
        #expect(text.contains("oidc-provider/ci.example.com/untrusted"))
        #expect(text.contains(#""ci.example.com/untrusted:sub""#))
        #expect(text.contains("Rule1") && text.contains("Rule2Untrusted"))
    }

    @Test("what IAM or a template language would take for its own is written so that it is none")
    func escapes() throws {
        let rule = try Self.rule([["project": ["acme/${x}?"], "ref": ["**"]]], subject: ["project", "ref"])
        #expect(try policy(Self.aws(), rule).contains("acme/${$}{x}${?}"))
        let terraform = try Self.files(Self.aws(), rule, .terraform)[0].text
        #expect(terraform.contains("acme/&{$}{x}&{?}"))
        let code = terraform.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("#") }
        #expect(!code.contains { $0.contains("${x") })
        let azure = try Self.rule(
            [["project": ["acme/${x}"]]],
            subject: ["project"],
            audience: "api://AzureADTokenExchange"
        )
        #expect(try Self.files(Self.azure.get(), azure, .terraform)[0].text.contains("acme/$${x}"))
        #expect(try Self.files(Self.azure.get(), azure, .pulumi)[0].text.contains("acme/$${x}"))
        let quote = try Self.rule([["project": ["it's"]]], subject: ["project"], audience: "a")
        #expect(try Self.files(Self.azure.get(), quote, .az)[0].text.contains(#"it'\''s"#))
    }

    @Test("a chain's roles trust the one before")
    func chain() throws {
        let service = try Self.aws(
            chain: [AWSChainedRole(role: "arn:aws:iam::210987654321:role/next", externalID: "outside")]
        )
        let files = try Self.files(service, Self.rule([Self.mainBranch]), .awsCLI)
        let next = try #require(files.first { $0.name == "prod-trust-policy-2.json" }).text
        #expect(next.contains(Self.role))
        #expect(next.contains(#""sts:ExternalId": "outside""#))
    }

    @Test("Google's condition is the rules, with a star as the rules mean it")
    func google() throws {
        let rule = try Self.rule(
            [
                ["project": ["acme/web", "acme/api"], "ref": ["refs/heads/release-*"]],
                ["project": ["acme/ops"], "environment": ["production"]],
            ],
            subject: ["project", "job"],
            limit: .gcp
        )
        let text = try Self.files(Self.gcp.get(), rule, .gcloud)[0].text
        #expect(text.contains(#"assertion.project in ["acme/web", "acme/api"]"#))
        #expect(text.contains(#"assertion.ref.matches("^refs/heads/release-[^/]*$")"#))
        #expect(text.contains(#"(assertion.project == "acme/ops" && assertion.environment == "production" && "#))
        #expect(text.contains("attribute.jobpass_target/prod"))
        #expect(text.contains("# rule 2 at jobpass.yaml:11:9: {project: acme/ops, environment: production}"))
        let exact = try Self.rule([["project": ["acme/web"]]], subject: ["project"], limit: .gcp)
        #expect(try Self.files(Self.gcp.get(), exact, .gcloud)[0].text.contains("/subject/project:acme/web"))
    }

    @Test("two targets of other rules cannot share one provider of Google's")
    func sharedProvider() throws {
        let one = try Self.rule([Self.mainBranch])
        let other = try Self.rule([["project": ["acme/api"]]])
        let sibling = (target: try Target(name: "staging", service: try Self.gcp.get()), rule: other)
        #expect(throws: TrustFiles.Refusal.self) {
            try Self.files(Self.gcp.get(), one, .gcloud, siblings: [sibling])
        }
        let same = (target: sibling.target, rule: one)
        #expect(try Self.files(Self.gcp.get(), one, .gcloud, siblings: [same]).count == 1)
    }

    @Test("Azure gets a credential for each subject, or the reason why there is none")
    func entra() throws {
        let rule = try Self.rule(
            [["project": ["acme/web", "acme/api"], "environment": ["production"]]],
            subject: ["project", "environment"],
            audience: "api://AzureADTokenExchange",
            limit: .azure
        )
        let text = try Self.files(Self.azure.get(), rule, .az)[0].text
        #expect(text.contains(#""subject":"project:acme/web:environment:production""#))
        #expect(text.contains(#""subject":"project:acme/api:environment:production""#))
        let loose = try Self.rule([Self.mainBranch], audience: "api://AzureADTokenExchange")
        let refusal = #expect(throws: TrustFiles.Refusal.self) { try Self.files(Self.azure.get(), loose, .az) }
        #expect(refusal?.fix.contains("subject: [project, ref]") == true)
    }

    @Test("OpenBao's role binds each claim, trust too, and reads what the target reads")
    func bao() throws {
        let text = try Self.files(Self.vault.get(), Self.rule([Self.mainBranch], audience: "vault"), .bao)[0].text
        #expect(text.contains(#""bound_claims_type": "string""#))
        #expect(text.contains(#""trust": ["#))
        #expect(text.contains(#"path "secret/data/web" {"#))
        let two = try Self.rule([Self.mainBranch, ["project": ["acme/api"]]], audience: "vault")
        let both = try Self.files(Self.vault.get(), two, .bao)[0].text
        #expect(both.contains("project:acme/web:ref:refs/heads/main:workflow:*:job:*"))
        #expect(both.contains("project:acme/api:workflow:*:job:*"))
        #expect(both.contains(#""bound_claims_type": "glob""#))
        // The claim that only one rule names would shut the other's runs out.
        #expect(!both.contains(#""ref": ["#))
    }

    @Test("Kubernetes gets its authentication configuration and a binding")
    func kubernetes() throws {
        let rule = try Self.rule([Self.mainBranch], audience: "kubernetes")
        let files = try Self.files(.none(try NoneTarget()), rule, .kubernetes)
        #expect(files.map(\.name) == ["prod-authentication.yaml", "prod-rbac.yaml"])
        #expect(
            files[0].text.contains(
                #"claims.project == \"acme/web\" && claims.ref == \"refs/heads/main\" && claims.trust"#
            )
        )
    }

    @Test("the same rules give the same bytes, and every format says which rule a condition comes from")
    func stable() throws {
        let services = [try Self.aws(), try Self.gcp.get(), try Self.vault.get(), .none(try NoneTarget())]
        let rule = try Self.rule([Self.mainBranch])
        for service in services {
            for format in TrustFiles.Format.serving(try Target(name: "prod", service: service).type) {
                let files = try Self.files(service, rule, format)
                #expect(try files == Self.files(service, rule, format))
                #expect(files[0].text.contains("rule 1 at jobpass.yaml:10:9"), "\(format)")
                #expect(files[0].text.contains("jobpass trust generate prod --format \(format.rawValue)"))
            }
        }
    }

    @Test("a format that cannot serve a type is refused with those that can")
    func wrongFormat() throws {
        let refusal = #expect(throws: TrustFiles.Refusal.self) {
            try Self.files(Self.azure.get(), Self.rule([Self.mainBranch]), .cloudFormation)
        }
        #expect(refusal?.fix == "write --format terraform, or opentofu, or az, or pulumi")
    }

    @Test(
        "an issuer that a cloud cannot reach is refused",
        arguments: ["http://127.0.0.1:8080", "https://ci.example.com:8443"]
    )
    func issuer(url: String) throws {
        #expect(throws: TrustFiles.Refusal.self) {
            try Self.files(Self.aws(), Self.rule([Self.mainBranch]), .awsCLI, issuer: url)
        }
    }
}
