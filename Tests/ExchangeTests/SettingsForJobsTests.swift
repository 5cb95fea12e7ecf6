import Exchange
import JSON
import Support
import Testing

@Suite("A target that a job trades at itself")
struct SettingsForJobsTests {
    private static let targets: [@Sendable () throws -> Target] = [
        { try awsTarget() }, { try awsTarget(policy: "{}", policyARNs: ["arn:aws:iam::aws:policy/ReadOnlyAccess"]) },
        {
            let chain = [AWSChainedRole(role: roleARN), AWSChainedRole(role: roleARN, externalID: "acme")]
            let aws = try AWSTarget(role: roleARN, region: "eu-west-1", chain: chain, logsInToECR: true)
            return try Target(name: "aws-chained", service: .aws(aws))
        }, { try vaultTarget() }, { try vaultTarget(namespace: nil) }, { try vaultTargetWithReads() },
        { try gcpTarget() }, { try gcpTarget(account: "deploy@acme.iam.gserviceaccount.com", session: .seconds(60)) },
        { try gcpTarget(account: "deploy@acme.iam.gserviceaccount.com", credential: .idToken) }, { try azureTarget() },
        { try exchangeTarget([("audience", "a"), ("audience", "b")], requested: "jwt") },
        { try recipeTarget() }, { try exchangeTarget(body: .json, revocation: "https://sts.example.com/revoke") },
    ]

    @Test("its settings are read back the same, but for who trades", arguments: targets)
    func roundTrip(_ make: @Sendable () throws -> Target) throws {
        let target = try make()
        let text = JSON.object(target.settings).text
        let read = try Target(name: target.name, settings: try #require(try JSON.parse(Array(text.utf8)).asObject))
        #expect(read.trader == .job)
        #expect(read.service == target.service)
        #expect(read.limits == target.limits)
        #expect(read.certificateAuthorities == target.certificateAuthorities)
        #expect(read.settings == target.settings)
    }

    @Test("a setting that is missing, of another type or out of its limits is refused by its key")
    func refused() throws {
        let good = try awsTarget().settings
        let changes: [(String, JSON?)] = [
            ("type", "nimbus"), ("type", nil), ("role", nil), ("role", 5), ("role", "deploy"), ("session", "long"),
            ("session", "1m"), ("policy_arns", "x"), ("endpoint", "http://sts.example.com"), ("timeout", "0s"),
            ("timeout", "10m"), ("ca", true), ("ecr", "yes"), ("then", "x"), ("then", ["x"]),
            ("then", [["role": "x"]]),
        ]
        for (key, value) in changes {
            var settings = good
            settings[key] = value
            do throws(TargetError) {
                _ = try Target(name: "aws-prod", settings: settings)
                Issue.record("\(key) was taken")
            } catch {
                #expect(error.key == key)
            }
        }
    }

    @Test("a type without a trade leaves none to a job")
    func none() throws {
        do throws(TargetError) {
            _ = try Target(name: "bare", service: .none(try NoneTarget()), trader: .job)
            Issue.record("taken")
        } catch {
            #expect(error.key == "exchange")
        }
    }
}
