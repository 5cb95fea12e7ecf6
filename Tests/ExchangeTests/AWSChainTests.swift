import Encoding
import Exchange
import HTTP
import JSON
import Ledger
import Support
import Testing
import Time

@Suite("Chained roles and registry logins of AWS")
struct AWSChainTests {
    private static let chain = [
        AWSChainedRole(role: "arn:aws:iam::210987654321:role/hub"),
        AWSChainedRole(role: "arn:aws:iam::333333333333:role/spoke", externalID: "acme-17"),
    ]

    /// An answer of STS to an action, with keys that end in a number.
    private static func sts(_ action: String, _ number: Int) -> FakeTransport.Reply {
        .status(
            200,
            """
            <\(action)Response><\(action)Result><Credentials><AccessKeyId>ASIA\(number)</AccessKeyId>\
            <SecretAccessKey>secret\(number)</SecretAccessKey><SessionToken>token\(number)</SessionToken>\
            <Expiration>2026-11-22T10:3\(number):00Z</Expiration></Credentials><AssumedRoleUser>\
            <Arn>arn:aws:sts::333333333333:assumed-role/r\(number)/s</Arn></AssumedRoleUser>\
            <SourceIdentity>jane</SourceIdentity></\(action)Result></\(action)Response>
            """
        )
    }

    private static let registry = #"""
        {"authorizationData":[{"authorizationToken":"QVdTOmdlaGVpbTp4","expiresAt":1795383000.5,
        "proxyEndpoint":"https://333333333333.dkr.ecr.eu-west-1.amazonaws.com"}]}
        """#

    private func target(
        chain: [AWSChainedRole] = [],
        ecr: Bool = false,
        endpoint: String? = nil,
        policy: String? = nil
    ) throws -> Target {
        let aws = try AWSTarget(
            role: roleARN,
            region: "eu-west-1",
            endpoint: endpoint,
            policy: policy,
            chain: chain,
            logsInToECR: ecr
        )
        return try Target(name: "aws-prod", service: .aws(aws))
    }

    private func form(_ request: OutgoingRequest) throws -> Form {
        try Form(parsing: String(decoding: request.body, as: UTF8.self))
    }

    @Test("each role is assumed with the session before it, and the job gets the last one's keys")
    func chain() async throws {
        let harness = try TradeHarness([
            Self.sts("AssumeRoleWithWebIdentity", 1), Self.sts("AssumeRole", 2), Self.sts("AssumeRole", 3),
        ])
        let credential = try await harness.obtain(at: try target(chain: Self.chain, policy: "{}"))
        #expect(credential.environment.texts()["AWS_ACCESS_KEY_ID"] == "ASIA3")
        #expect(credential.environment.texts()["AWS_SESSION_TOKEN"] == "token3")
        #expect(credential.expires == (try RFC3339.parse("2026-11-22T10:33:00Z")))
        #expect(credential.details["assumed_role_arn"] == "arn:aws:sts::333333333333:assumed-role/r3/s")
        #expect(credential.details["source_identity"] == "jane")
        let requests = harness.network.requests
        #expect(requests.count == 3)
        #expect(requests[0].fields["Authorization"] == nil)
        for (index, signer) in [(1, "1"), (2, "2")] {
            let signed = try #require(requests[index].fields["Authorization"])
            #expect(signed.hasPrefix("AWS4-HMAC-SHA256 Credential=ASIA\(signer)/20261122/eu-west-1/sts/aws4_request, "))
            #expect(requests[index].fields["X-Amz-Security-Token"] == "token\(signer)")
            #expect(requests[index].fields["X-Amz-Date"] == "20261122T093000Z")
        }
        let second = try form(requests[1])
        #expect(try second.value("Action") == "AssumeRole")
        #expect(try second.value("RoleArn") == "arn:aws:iam::210987654321:role/hub")
        #expect(try second.value("RoleSessionName") == "acme-web.deploy.release@run_4711")
        #expect(try second.value("DurationSeconds") == "3600")
        #expect(try second.value("ExternalId") == nil)
        #expect(try form(requests[2]).value("ExternalId") == "acme-17")
        // What narrows narrows the job's own session: the first must be able to go on.
        #expect(try requests.map { try form($0).value("Policy") } == [nil, nil, "{}"])
        let recorded = try harness.lastEntry()
        #expect(recorded.credential == "ASIA3")
        let bytes = String(decoding: try harness.lastEntryBytes(), as: UTF8.self)
        #expect(!bytes.contains("secret") && !bytes.contains("token3"))
    }

    @Test("a refusal anywhere in the chain is a refusal, with advice for it")
    func refusedInChain() async throws {
        let denied =
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        let harness = try TradeHarness([Self.sts("AssumeRoleWithWebIdentity", 1), .status(403, denied)])
        let failure = try #require(try await harness.failure(at: try target(chain: Self.chain)))
        #expect(failure.kind == .refused)
        #expect(failure.code == "AccessDenied")
        #expect(failure.advice.contains("a chained role must trust the one before it"))
        #expect(harness.network.requests.count == 2)
    }

    @Test("an outage within the chain is tried again there, and the whole keeps to the target's time")
    func outageInChain() async throws {
        let harness = try TradeHarness([
            Self.sts("AssumeRoleWithWebIdentity", 1), .failing(.connection), .status(500), Self.sts("AssumeRole", 2),
            .failure(.timeout, after: .seconds(3_600)),
        ])
        let failure = try #require(try await harness.failure(at: try target(chain: Self.chain)))
        #expect(failure.kind == .outage)
        #expect(failure.isTimeout)
        #expect(harness.time.elapsed <= .seconds(25))
    }

    @Test("the registry's login stands beside the session, as docker login wants it")
    func registry() async throws {
        let harness = try TradeHarness([Self.sts("AssumeRoleWithWebIdentity", 1), .status(200, Self.registry)])
        let credential = try await harness.obtain(at: try target(ecr: true))
        let environment = credential.environment.texts()
        #expect(environment["ECR_REGISTRY"] == "333333333333.dkr.ecr.eu-west-1.amazonaws.com")
        #expect(environment["ECR_USERNAME"] == "AWS")
        // At the first colon: a password may have more of them.
        #expect(environment["ECR_PASSWORD"] == "geheim:x")
        #expect(
            credential.details["docker"] == [
                "registry": "333333333333.dkr.ecr.eu-west-1.amazonaws.com", "username": "AWS",
                "password_variable": "ECR_PASSWORD", "expires_at": "2026-11-22T21:30:00Z",
            ]
        )
        // The session ends first, and with it what can be relied on.
        #expect(credential.expires == (try RFC3339.parse("2026-11-22T10:31:00Z")))
        let request = harness.network.requests[1]
        #expect(request.url == "https://api.ecr.eu-west-1.amazonaws.com/")
        #expect(request.fields["Content-Type"] == "application/x-amz-json-1.1")
        #expect(
            request.fields["X-Amz-Target"] == "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
        )
        #expect(request.fields["Authorization"]?.contains("/eu-west-1/ecr/aws4_request, ") == true)
        #expect(request.body == Array("{}".utf8))
    }

    @Test(
        "ECR is asked where the target's endpoint belongs",
        arguments: [
            (nil, "https://api.ecr.eu-west-1.amazonaws.com/"),
            ("https://sts.amazonaws.com", "https://api.ecr.eu-west-1.amazonaws.com/"),
            (
                "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com",
                "https://api.ecr.eu-west-1.amazonaws.com/"
            ),
            ("http://127.0.0.1:5000/aws", "http://127.0.0.1:5000/aws/"),
        ] as [(String?, String)]
    )
    func registryEndpoints(_ endpoint: String?, _ url: String) async throws {
        let harness = try TradeHarness([Self.sts("AssumeRoleWithWebIdentity", 1), .status(200, Self.registry)])
        _ = try await harness.obtain(at: try target(ecr: true, endpoint: endpoint))
        #expect(harness.network.requests[1].url == url)
    }

    @Test("the global endpoint is signed for us-east-1")
    func global() async throws {
        let harness = try TradeHarness([Self.sts("AssumeRoleWithWebIdentity", 1), Self.sts("AssumeRole", 2)])
        let chain = [Self.chain[0]]
        _ = try await harness.obtain(at: try target(chain: chain, endpoint: "https://sts.amazonaws.com"))
        #expect(harness.network.requests[1].fields["Authorization"]?.contains("/us-east-1/sts/") == true)
    }

    /// What stands in ECR's answer, and what a broken one has instead.
    static let broken: [(String, String)] = [
        ("authorizationData", "data"), ("QVdTOmdlaGVpbTp4", "QVdT"), ("QVdTOmdlaGVpbTp4", "!"),
        ("QVdTOmdlaGVpbTp4", "QVdTOgo="), ("1795383000.5", "1"), ("1795383000.5", "1e300"), ("1795383000.5", "\"x\""),
        ("https://333333333333", "http://333333333333"), ("amazonaws.com", "amazonaws.com/v2?x"),
        ("https://333333333333.", "https://user@"),
    ]

    @Test("an answer that is none of ECR's is broken", arguments: broken)
    func brokenLogin(_ old: String, _ new: String) async throws {
        #expect(Self.registry.contains(old))
        let pieces = Self.registry.split(separator: old, omittingEmptySubsequences: false)
        let answer = FakeTransport.Reply.status(200, pieces.joined(separator: new))
        let harness = try TradeHarness([Self.sts("AssumeRoleWithWebIdentity", 1), answer])
        let failure = try #require(try await harness.failure(at: try target(ecr: true)))
        #expect(failure.kind == .brokenAnswer)
        #expect(failure.code == "no-ecr-answer")
    }

    @Test(
        "ECR's errors have their kinds",
        arguments: [
            (#"{"__type":"AccessDeniedException","Message":"not authorized"}"#, ExchangeFailure.Kind.refused, 1),
            (#"{"__type":"com.amazonaws.ecr#InvalidParameterException","message":"m"}"#, .refused, 1),
            (#"{"__type":"ThrottlingException","message":"m"}"#, .outage, 4), ("<html>", .refused, 1),
        ]
    )
    func registryErrors(_ body: String, _ kind: ExchangeFailure.Kind, _ tries: Int) async throws {
        let harness = try TradeHarness([Self.sts("AssumeRoleWithWebIdentity", 1), .status(400, body)])
        let failure = try #require(try await harness.failure(at: try target(ecr: true)))
        #expect(failure.kind == kind)
        #expect(failure.attempts == tries)
    }
}
