import Crypto
import Exchange
import HTTP
import JSON
import Sandbox
import Support
import Testing
import Time
import XML

@Suite("The stand-in for AWS: sessions that sign")
struct STSChainTests {
    /// Keys that the stand-in gave for a token.
    private func session(_ sandbox: SandboxHarness) async throws -> (id: String, secret: String, token: String) {
        var claims = sandbox.claims(for: "sts.amazonaws.com")
        claims["https://aws.amazon.com/source_identity"] = "jane"
        let response = try await sandbox.post(
            "/",
            form: [
                "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15",
                "RoleArn": "arn:aws:iam::123456789012:role/deploy", "RoleSessionName": "acme",
                "WebIdentityToken": try sandbox.issuer.sign(claims),
            ]
        )
        let keys = try #require(
            try XMLElement.parse(response.body).child("AssumeRoleWithWebIdentityResult")?.child("Credentials")
        )
        return (
            try #require(keys.child("AccessKeyId")?.text), try #require(keys.child("SecretAccessKey")?.text),
            try #require(keys.child("SessionToken")?.text)
        )
    }

    private struct Signed {
        var service = "sts"
        var action = "AssumeRole"
        var seconds = "3600"
        var secret: String?
        var token: String?
        var late: Duration = .zero
        var bodyAfterwards = ""
    }

    private func send(
        _ sandbox: SandboxHarness,
        _ keys: (id: String, secret: String, token: String),
        _ what: Signed = Signed()
    ) async throws -> HTTPResponse {
        let now = sandbox.clock.now + what.late
        let form =
            "Action=\(what.action)&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fhub"
            + "&RoleSessionName=acme&DurationSeconds=\(what.seconds)"
        let body = Array((what.service == "ecr" ? "{}" : form).utf8)
        var fields: HTTPFields = [
            "Content-Type": "application/x-www-form-urlencoded", "X-Amz-Date": AWSSignature.stamp(now),
            "X-Amz-Security-Token": what.token ?? keys.token,
        ]
        if what.service == "ecr" {
            fields.append("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken")
        }
        let signature = AWSSignature(
            accessKeyID: keys.id,
            secretAccessKey: what.secret ?? keys.secret,
            sessionToken: keys.token,
            region: "eu-west-1",
            service: what.service
        )
        let host = String(sandbox.url.dropFirst("http://".count))
        let content = SignedContent(method: .post, host: host, path: "/", fields: fields, body: body)
        fields.append("Authorization", signature.authorization(of: content, at: now))
        return try await sandbox.send(.post, "/", fields: fields, body: body + Array(what.bodyAfterwards.utf8))
    }

    @Test("a session begins another, which keeps its source identity, and logs in to the registry")
    func chain() async throws {
        let sandbox = try await SandboxHarness()
        let keys = try await session(sandbox)
        let response = try await send(sandbox, keys)
        #expect(response.status == 200)
        let document = try XMLElement.parse(response.body)
        #expect(document.name == "AssumeRoleResponse")
        let result = try #require(document.child("AssumeRoleResult"))
        #expect(result.child("Credentials")?.child("AccessKeyId")?.text != keys.id)
        let end = RFC3339.format(sandbox.clock.now + .seconds(3_600))
        #expect(result.child("Credentials")?.child("Expiration")?.text == end)
        let user = result.child("AssumedRoleUser")
        #expect(user?.child("Arn")?.text == "arn:aws:sts::210987654321:assumed-role/hub/acme")
        #expect(result.child("SourceIdentity")?.text == "jane")
        #expect(result.child("Provider") == nil)
        let login = try await send(sandbox, keys, Signed(service: "ecr"))
        #expect(login.status == 200)
        let data = try #require(try JSON.parse(login.body)["authorizationData"]?.asArray?.first)
        #expect(data["proxyEndpoint"] == "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com")
    }

    /// What is wrong with a request, and what AWS says of it.
    private static let wrong: [(Signed, String)] = [
        (Signed(secret: "another"), "SignatureDoesNotMatch"), (Signed(token: "another"), "InvalidClientTokenId"),
        (Signed(late: .seconds(901)), "SignatureDoesNotMatch"), (Signed(late: .seconds(-901)), "SignatureDoesNotMatch"),
        (Signed(bodyAfterwards: "&x=y"), "SignatureDoesNotMatch"), (Signed(seconds: "3601"), "ValidationError"),
    ]

    @Test("a signature that is not right is refused in AWS's words", arguments: wrong.indices)
    func refused(_ index: Int) async throws {
        let (what, code) = Self.wrong[index]
        let sandbox = try await SandboxHarness()
        let response = try await send(sandbox, try await session(sandbox), what)
        #expect(response.status == (code == "ValidationError" ? 400 : 403))
        #expect(try XMLElement.parse(response.body).child("Error")?.child("Code")?.text == code)
    }

    @Test("without a signature, with a stranger's and with an expired session's there is nothing")
    func strangers() async throws {
        let sandbox = try await SandboxHarness()
        let unsigned = try await sandbox.post(
            "/",
            form: [
                "Action": "AssumeRole", "Version": "2011-06-15", "RoleSessionName": "acme",
                "RoleArn": "arn:aws:iam::123456789012:role/deploy",
            ]
        )
        #expect(unsigned.status == 403)
        #expect(
            try XMLElement.parse(unsigned.body).child("Error")?.child("Code")?.text == "MissingAuthenticationToken"
        )
        let stranger = (id: "ASIASTRANGER", secret: "s", token: "t")
        let login = try await send(sandbox, stranger, Signed(service: "ecr"))
        #expect(login.status == 403)
        #expect(try JSON.parse(login.body)["__type"] == "InvalidClientTokenId")
        let keys = try await session(sandbox)
        sandbox.clock.advance(by: .seconds(3_600))
        let late = try await send(sandbox, keys)
        #expect(try XMLElement.parse(late.body).child("Error")?.child("Code")?.text == "ExpiredToken")
    }
}
