import Exchange
import JSON
import Testing
import Time
import TrustFiles

@Suite("What ends at a cloud what the broker cannot")
struct DenialTests {
    private static let revoked = UnixTime(milliseconds: 1_795_340_100_250)

    private static func denial(
        _ service: Target.Service,
        subjects: [String] = ["project:acme/web:ref:main"],
        sessions: [String] = []
    ) throws -> Denial {
        Denial(
            at: try Target(name: "prod", service: service),
            Denial.Facts(
                issuers: ["https://ci.example.com"],
                subjects: subjects,
                sessions: sessions,
                before: revoked
            )
        )
    }

    private static func aws(chain: [AWSChainedRole] = []) throws -> Target.Service {
        .aws(
            try AWSTarget(role: "arn:aws:iam::123456789012:role/ci/deploy", region: "eu-west-1", chain: chain)
        )
    }

    @Test("AWS denies all that began before, and the ID tokens that nobody has traded")
    func awsDeny() throws {
        let steps = try Self.denial(try Self.aws()).steps
        try #require(steps.count == 2)
        let policy = try JSON.parse(Array(try #require(steps[0].file).text.utf8))
        let expected: JSON = [
            "Version": "2012-10-17",
            "Statement": [
                [
                    "Sid": "JobpassRevocation", "Effect": "Deny", "Action": "*", "Resource": "*",
                    // Later by what of a second AWS would not compare.
                    "Condition": ["DateLessThan": ["aws:TokenIssueTime": "2026-11-22T09:35:01Z"]],
                ]
            ],
        ]
        #expect(policy == expected)
        #expect(steps[0].commands[0].hasPrefix("aws iam put-role-policy --role-name deploy "))
        #expect(steps[0].commands[1].hasPrefix("aws iam delete-role-policy --role-name deploy "))
        let statement = try JSON.parse(Array(try #require(steps[1].file).text.utf8)).asArray?.first
        #expect(statement?["Effect"] == "Deny")
        let provider = "arn:aws:iam::123456789012:oidc-provider/ci.example.com"
        #expect(statement?["Principal"]?["Federated"] == .string(provider))
        let subjects = statement?["Condition"]?["StringEquals"]?["ci.example.com:sub"]
        #expect(subjects == ["project:acme/web:ref:main"])
    }

    @Test("of one run AWS denies the run's own sessions, at the role that they are of")
    func awsSessions() throws {
        let last = AWSChainedRole(role: "arn:aws:iam::210987654321:role/inner")
        let steps = try Self.denial(try Self.aws(chain: [last]), subjects: [], sessions: ["jobpass-1"]).steps
        try #require(steps.count == 1)
        let policy = try JSON.parse(Array(try #require(steps[0].file).text.utf8))
        let condition = policy["Statement"]?.asArray?.first?["Condition"]
        #expect(condition?["StringLike"]?["aws:userid"] == ["*:jobpass-1"])
        #expect(condition?["DateLessThan"] != nil)
        #expect(steps[0].commands[0].contains("--role-name inner "))
    }

    @Test("Google refuses subjects where they can be listed, else what was issued before", arguments: [1, 21])
    func google(count: Int) throws {
        let provider =
            "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci-jobs/providers/jobpass"
        let subjects = (0..<count).map { "project:acme/it's \($0)" }
        let service = Target.Service.gcp(try GCPTarget(provider: provider))
        let steps = try Self.denial(service, subjects: subjects).steps
        try #require(steps.count == 2)
        let command = steps[0].commands[0]
        #expect(command.contains("providers update-oidc jobpass --workload-identity-pool=ci-jobs --project=123456789"))
        let listed = #"!(assertion.sub in ["project:acme/it'\''s 0"])"#
        #expect(command.contains(count == 1 ? listed : "int(assertion.iat) > 1795340100"), "\(command)")
        #expect(steps[1].commands[0].contains("--disabled"))
        let account = try GCPTarget(provider: provider, serviceAccount: "deploy@acme.iam.gserviceaccount.com")
        let disabled = try Self.denial(.gcp(account)).steps.last?.commands
        #expect(disabled == ["gcloud iam service-accounts disable deploy@acme.iam.gserviceaccount.com"])
    }
}
