import Exchange
import Testing
import Time

@Suite("The settings of an AWS target")
struct AWSTargetSettings {
    private let role = roleARN

    @Test("left out, the endpoint is the region's own and the session an hour")
    func defaults() throws {
        let target = try AWSTarget(role: role, region: "eu-west-1")
        #expect(target.endpoint.url == "https://sts.eu-west-1.amazonaws.com")
        #expect(target.session == .seconds(3_600))
        #expect(target.policy == nil)
        #expect(target.policyARNs.isEmpty)
    }

    /// Partitions, their region names and DNS suffixes as botocore 1.43.11 has them in `data/partitions.json`.
    @Test(
        "every partition's regions have its suffix",
        arguments: [
            ("aws", "us-east-1", "amazonaws.com"), ("aws", "mx-central-1", "amazonaws.com"),
            ("aws", "ap-southeast-2", "amazonaws.com"), ("aws-cn", "cn-northwest-1", "amazonaws.com.cn"),
            ("aws-us-gov", "us-gov-west-1", "amazonaws.com"), ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
            ("aws-iso", "us-iso-east-1", "c2s.ic.gov"), ("aws-iso-b", "us-isob-east-1", "sc2s.sgov.gov"),
            ("aws-iso-e", "eu-isoe-west-1", "cloud.adc-e.uk"), ("aws-iso-f", "us-isof-south-1", "csp.hci.ic.gov"),
        ]
    )
    func partitions(_ partition: String, _ region: String, _ suffix: String) throws {
        let target = try AWSTarget(role: "arn:\(partition):iam::123456789012:role/path/deploy", region: region)
        #expect(target.endpoint.url == "https://sts.\(region).\(suffix)")
    }

    @Test("a region in another partition than the role is a contradiction")
    func contradiction() {
        #expect(
            throws: TargetError("region", seen: "cn-north-1", wanted: "a region of the role's partition, which is aws")
        ) { try AWSTarget(role: role, region: "cn-north-1") }
    }

    @Test("an endpoint of one's own replaces the region's, without the slash at its end")
    func endpoint() throws {
        let target = try AWSTarget(role: role, region: "eu-west-1", endpoint: "http://127.0.0.1:9911/aws/")
        #expect(target.endpoint.url == "http://127.0.0.1:9911/aws")
    }

    @Test(
        "what is no role is refused",
        arguments: [
            "", "deploy", "arn:aws:iam::123456789012:user/deploy", "arn:aws:iam::12345678901:role/deploy",
            "arn:aws:iam::123456789012:role/", "arn:aws:iam::123456789012:role/a/",
            "arn:aws:iam:eu:123456789012:role/a",
            "arn:aws:sts::123456789012:role/a", "arn:aws:iam::123456789012:role/a b",
            "arn:aws:iam::1234567890ab:role/a",
            "arn:aws:iam::123456789012:role/a:b",
        ]
    )
    func roles(_ text: String) {
        #expect(refusedKey { () throws(TargetError) in _ = try AWSTarget(role: text, region: "eu-west-1") } == "role")
    }

    @Test(
        "what is no region is refused",
        arguments: ["", "eu", "eu-west", "EU-west-1", "eu-west-1.evil.example/", "eu--1"]
    )
    func regions(_ text: String) {
        #expect(refusedKey { () throws(TargetError) in _ = try AWSTarget(role: role, region: text) } == "region")
    }

    @Test("a session is from 15 minutes to 12 hours long")
    func sessions() throws {
        for seconds: Int64 in [900, 43_200] {
            #expect(
                try AWSTarget(role: role, region: "eu-west-1", session: .seconds(seconds)).session == .seconds(seconds)
            )
        }
        for seconds: Int64 in [1, 899, 43_201] {
            #expect(
                refusedKey { () throws(TargetError) in
                    _ = try AWSTarget(role: role, region: "eu-west-1", session: .seconds(seconds))
                } == "session"
            )
        }
    }

    @Test("a session policy and its managed ones keep within AWS's limits")
    func policies() throws {
        func refused(_ policy: String?, _ arns: [String]) -> String? {
            refusedKey { () throws(TargetError) in
                _ = try AWSTarget(role: role, region: "eu-west-1", policy: policy, policyARNs: arns)
            }
        }
        let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
        #expect(refused("{\"Statement\": []}", Array(repeating: arn, count: 10)) == nil)
        #expect(refused("", []) == "policy")
        #expect(refused("not json", []) == "policy")
        #expect(refused("[]", []) == "policy")
        #expect(refused("{\"a\":\"\(String(repeating: "é", count: 2_040))\"}", []) == nil)
        #expect(refused("{\"a\":\"\(String(repeating: "é", count: 2_041))\"}", []) == "policy")
        #expect(refused("{\"€\": 1}", []) == "policy")
        #expect(refused(nil, Array(repeating: arn, count: 11)) == "policy_arns")
        #expect(refused(nil, ["arn:aws-cn:iam::aws:policy/ReadOnlyAccess"]) == "policy_arns")
    }

    @Test("a service that only answers as STS does has ARNs and regions of its own")
    func elsewhere() throws {
        for (role, region) in [
            ("arn:minio:iam:::role/dummy-internal", "us-east-1"), ("arn:aws:iam:::role/ceph-deploy-1", "default"),
            ("arn:aws:iam::tenant$x:role/deploy", "eu-central-rack-7"),
        ] {
            let target = try AWSTarget(role: role, region: region, endpoint: "https://s3.example.com")
            #expect(target.role == role)
            #expect(!target.asksAWS)
            #expect(throws: TargetError.self) { try AWSTarget(role: role, region: region) }
            #expect(throws: TargetError.self) {
                try AWSTarget(role: role, region: region, endpoint: "https://sts.eu-west-1.amazonaws.com")
            }
        }
    }

    @Test("a session that another session begins lasts an hour at most")
    func chainedSession() throws {
        let chain = [AWSChainedRole(role: role)]
        let hour = try AWSTarget(role: role, region: "eu-west-1", session: .seconds(3_600), chain: chain)
        #expect(hour.session == .seconds(3_600))
        let refused = refusedKey { () throws(TargetError) in
            _ = try AWSTarget(role: role, region: "eu-west-1", session: .seconds(3_601), chain: chain)
        }
        #expect(refused == "session")
    }

    @Test("the roles of a chain are of the first one's partition, and not too many")
    func chains() throws {
        func refused(_ chain: [AWSChainedRole]) -> String? {
            refusedKey { () throws(TargetError) in _ = try AWSTarget(role: role, region: "eu-west-1", chain: chain) }
        }
        #expect(refused(Array(repeating: AWSChainedRole(role: role, externalID: "a:b/c@d"), count: 5)) == nil)
        #expect(refused(Array(repeating: AWSChainedRole(role: role), count: 6)) == "then")
        #expect(refused([AWSChainedRole(role: "deploy")]) == "then")
        #expect(refused([AWSChainedRole(role: "arn:aws-cn:iam::123456789012:role/deploy")]) == "then")
        #expect(refused([AWSChainedRole(role: role, externalID: "x")]) == "then")
        #expect(refused([AWSChainedRole(role: role, externalID: "a b")]) == "then")
    }

    @Test("the keys of tags keep within AWS's limits")
    func tags() throws {
        func refused(_ keys: [String]) -> String? {
            refusedKey { () throws(TargetError) in
                let tags = keys.map { AWSSessionTag(key: $0, claim: "project") }
                _ = try AWSTarget(role: role, region: "eu-west-1", tags: tags)
            }
        }
        #expect(refused((1...50).map { "Key \($0)" }) == nil)
        #expect(refused((1...51).map { "Key \($0)" }) == "tags")
        #expect(refused(["Team", "team"]) == "tags")
        for key in ["", "aws:team", "AWS:x", "a'b", "a\tb", String(repeating: "k", count: 129)] {
            #expect(refused([key]) == "tags")
        }
        #expect(refused([String(repeating: "é", count: 128)]) == nil)
    }
}
