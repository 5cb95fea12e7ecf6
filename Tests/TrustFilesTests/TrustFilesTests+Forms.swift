import Claims
import Crypto
import Exchange
import Policy
import Support
import Testing
import Text
import TrustFiles

/// Several issuers, and subjects in several forms.
extension TrustFilesTests {
    /// A broker with an issuer for `acme/api` beside its own.
    private static func issuers(_ subject: SubjectFormat? = nil) throws -> TrustFiles.Issuers {
        let api = IssuerRule(name: "api", projects: [try Pattern("acme/api")], isShut: false, subject: subject)
        return TrustFiles.Issuers(
            own: issuer,
            paths: ["api": "organisation"],
            voices: Voices(issuers: [api], subject: SubjectFormat([.project, ClaimName("ref")]))
        )
    }

    private static func unformed(
        _ allow: [KeyValuePairs<String, [String]>],
        limit: SubjectLimit = .openID
    ) throws -> TokenRule {
        TokenRule(
            audience: "sts.amazonaws.com",
            algorithm: .rs256,
            lifetime: .seconds(300),
            maximumLifetime: .seconds(3_600),
            subject: nil,
            subjectLimit: limit,
            allow: try RuleList(allow.enumerated().map { try Rule.of($1, place: "jobpass.yaml:\($0 + 10):9") })
        )
    }

    @Test("a rule over projects of two issuers has a provider and a statement for each, in the form of each")
    func twoIssuers() throws {
        let rule = try Self.unformed([
            ["project": ["acme/web", "acme/api"], "ref": ["refs/heads/main"], "project_id": ["7"]]
        ])
        let target = try Target(name: "prod", service: try Self.aws())
        let ids = SubjectFormat([ClaimName("project_id")])
        let files = try TrustFiles(target, rule, issuers: Self.issuers(ids)).files(.awsCLI)
        let policy = files[1].text
        #expect(
            policy.contains(#""ci.example.com:sub": ["#) || policy.contains(#""ci.example.com:sub": "project:acme/web"#)
        )
        #expect(policy.contains(#""ci.example.com/organisation:sub": "project_id:7""#), "\(policy)")
        #expect(policy.contains("oidc-provider/ci.example.com/organisation\""))
        #expect(files[0].text.contains("--url https://ci.example.com/organisation"))
        let tree = try TrustFiles(target, rule, issuers: Self.issuers(ids)).files(.cloudFormation)[0].text
        #expect(tree.contains("OrganisationIssuer:") && tree.contains("\n  Issuer:"), "\(tree)")
        let terraform = try TrustFiles(target, rule, issuers: Self.issuers(ids)).files(.terraform)[0].text
        #expect(terraform.contains("\"jobpass_organisation\""))
    }

    @Test("where a cloud's provider has one issuer, rules over two are refused, and those of one have it")
    func oneProvider() throws {
        let target = try Target(name: "prod", service: try Self.vault.get())
        let both = try Self.unformed([["project": ["acme/*"]]])
        let refusal = #expect(throws: TrustFiles.Refusal.self) {
            try TrustFiles(target, both, issuers: Self.issuers()).files(.bao)
        }
        #expect(refusal?.reason.contains("https://ci.example.com/organisation and https://ci.example.com") == true)
        let one = try Self.unformed([["project": ["acme/api"]]])
        let script = try TrustFiles(target, one, issuers: Self.issuers()).files(.bao)[0].text
        #expect(script.contains("bound_issuer=https://ci.example.com/organisation"), "\(script)")
    }

    @Test("a sub that is too long stands as its digest, and a pattern that digests escape is told")
    func digests() throws {
        let ref = "refs/heads/" + String(repeating: "r", count: 120)
        let format = SubjectFormat([.project, ClaimName("ref")], digest: true)
        func rule(_ ref: String) throws -> TokenRule {
            TokenRule(
                audience: "a",
                algorithm: .rs256,
                lifetime: .seconds(300),
                maximumLifetime: .seconds(3_600),
                subject: format,
                subjectLimit: .gcp,
                allow: try RuleList([try .of(["project": ["acme/web"], "ref": [ref]])])
            )
        }
        let target = try Target(name: "prod", service: try Self.gcp.get())
        let trust = try TrustFiles(target, try rule(ref), issuers: .init(own: Self.issuer))
        let digest = Subject(digestOf: "project:acme/web:ref:\(ref)").text
        #expect(trust.subjects == [digest])
        #expect(try trust.files(.gcloud)[0].text.contains("/subject/\(digest)"))
        #expect(trust.notes().contains { $0.contains("is the digest of one that is too long") })
        let open = try TrustFiles(target, try rule("refs/heads/*"), issuers: .init(own: Self.issuer))
        #expect(open.notes().contains { $0.contains("which no pattern lets in") })
    }

    @Test(
        "while the form changes, both are let in: by a sub of AWS and of Azure, and by a role of OpenBao that bound none"
    )
    func bothForms() throws {
        let rule = try Self.rule(
            [["project": ["acme/web"], "project_id": ["7"], "ref": ["refs/heads/main"]]],
            subject: ["project", "ref"]
        )
        let ids = SubjectFormat([ClaimName("project_id"), ClaimName("ref")])
        for service in [try Self.aws(), try Self.azure.get(), try Self.vault.get()] {
            let target = try Target(name: "prod", service: service)
            let trust = try TrustFiles(target, rule, issuers: .init(own: Self.issuer), forms: [ids])
            #expect(trust.subjects == ["project:acme/web:ref:refs/heads/main", "project_id:7:ref:refs/heads/main"])
            let format = try #require(TrustFiles.Format.serving(target.type).first)
            let text = try trust.files(format).map(\.text).joined()
            #expect(
                text.contains("project:acme/web:ref:refs/heads/main")
                    && text.contains("project_id:7:ref:refs/heads/main")
            )
        }
    }
}
