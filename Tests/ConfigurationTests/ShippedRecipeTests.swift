import Configuration
import Exchange
import HTTP
import JSON
import Ledger
import POSIX
import Support
import Testing
import Time

/// A shipped recipe, read as a configuration reads it.
func shipped(_ name: String) throws -> Recipe {
    let checkout = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let path = "\(checkout)/deploy/recipes/\(name).yaml"
    return try RecipeFile.parse(try Files.read(path), file: path)
}

private let exchangeGrant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
private let types = "urn:ietf:params:oauth:token-type:"

/// The wire facts are those of protocols.md, section 6.
@Suite("The recipes that are shipped")
struct ShippedRecipeTests {
    @Test("Pulumi Cloud")
    func pulumi() async throws {
        let answer = """
            {"access_token":"pul-1","issued_token_type":"urn:pulumi:token-type:access_token:team","token_type":"token",\
            "expires_in":1800,"scope":"team:web"}
            """
        let harness = try TradeHarness([.status(200, answer)])
        let target = try target(
            shipped("pulumi"),
            ["organization": "acme", "kind": "team", "scope": "team:web", "expiration": "1800"]
        )
        #expect(target.service.defaultAudience == "urn:pulumi:org:acme")
        let credential = try await harness.obtain(at: target)
        #expect(credential.environment.texts() == ["PULUMI_ACCESS_TOKEN": "pul-1"])
        #expect(credential.expires == harness.book.clock.now + .seconds(1_800))
        let request = harness.network.requests[0]
        #expect(request.method == .post)
        #expect(request.url == "https://api.pulumi.com/api/oauth/token")
        #expect(
            request.fields == ["Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"]
        )
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "audience=urn%3Apulumi%3Aorg%3Aacme&\(exchangeGrant)&subject_token=\(harness.sentToken())"
                + "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token"
                + "&requested_token_type=urn%3Apulumi%3Atoken-type%3Aaccess_token%3Ateam&scope=team%3Aweb&expiration=1800"
        )
    }

    @Test("JFrog, whose token says itself when it ends")
    func jfrog() async throws {
        // {"exp":1795351800,"sub":"jfac@1/users/ci"}
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE3OTUzNTE4MDAsInN1YiI6ImpmYWNAMS91c2Vycy9jaSJ9.c2ln"
        let harness = try TradeHarness([.status(200, "{\"access_token\":\"\(token)\"}")])
        let target = try target(shipped("jfrog"), ["platform": "acme.jfrog.io", "provider": "jobpass"])
        #expect(target.service.defaultAudience == nil)
        let credential = try await harness.obtain(at: target)
        #expect(credential.environment.texts() == ["JF_ACCESS_TOKEN": token, "JF_URL": "https://acme.jfrog.io"])
        #expect(credential.expires == UnixTime(seconds: 1_795_351_800))
        let request = harness.network.requests[0]
        #expect(request.url == "https://acme.jfrog.io/access/api/v1/oidc/token")
        #expect(
            try JSON.parse(request.body) == [
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject_token_type": .string(types + "id_token"), "subject_token": .string(harness.sentToken()),
                "provider_name": "jobpass",
            ]
        )
        let refused = try TradeHarness([.status(401, "{\"errors\":[{\"status\":401,\"message\":\"no mapping\"}]}")])
        let failure = try #require(try await refused.failure(at: target))
        #expect(failure.kind == .refused)
        #expect(failure.description == "401: no mapping")
    }

    @Test("Cloudsmith, which answers 200 or 201", arguments: [200, 201])
    func cloudsmith(_ status: Int) async throws {
        let harness = try TradeHarness([.status(status, "{\"token\":\"cs-1\"}")])
        let target = try target(shipped("cloudsmith"), ["organization": "acme", "service": "ci-deploy"])
        let credential = try await harness.obtain(at: target)
        #expect(credential.environment.texts() == ["CLOUDSMITH_API_KEY": "cs-1", "CLOUDSMITH_ORG": "acme"])
        let request = harness.network.requests[0]
        #expect(request.url == "https://api.cloudsmith.io/openid/acme/")
        #expect(
            try JSON.parse(request.body)
                == ["oidc_token": .string(harness.sentToken()), "service_slug": "ci-deploy"]
        )
        let refused = try TradeHarness([.status(401, "{\"detail\":\"Invalid token.\"}")])
        #expect(try await refused.failure(at: target)?.description == "http-401: Invalid token.")
    }

    @Test("Databricks, with a service principal and without")
    func databricks() async throws {
        let answer = "{\"access_token\":\"d\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"scope\":\"all-apis\"}"
        let host = "dbc-1.cloud.databricks.com"
        let harness = try TradeHarness([.status(200, answer)])
        let principal = try target(shipped("databricks"), ["workspace": host, "client_id": "1f7b"])
        #expect(principal.service.defaultAudience == "https://\(host)/oidc/v1/token")
        let credential = try await harness.obtain(at: principal)
        #expect(credential.environment.texts() == ["DATABRICKS_TOKEN": "d", "DATABRICKS_HOST": "https://\(host)"])
        _ = try await harness.obtain(at: target(shipped("databricks"), ["workspace": host]))
        let bodies = harness.network.requests.map { String(decoding: $0.body, as: UTF8.self) }
        let type = "subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"
        #expect(
            bodies[0] == "\(exchangeGrant)&subject_token=\(harness.sentToken(0))&\(type)&client_id=1f7b&scope=all-apis"
        )
        #expect(bodies[1] == "\(exchangeGrant)&subject_token=\(harness.sentToken(1))&\(type)&scope=all-apis")
    }

    private static let aliParameters: KeyValuePairs = [
        "provider": "acs:ram::1:oidc-provider/jobpass", "role": "acs:ram::1:role/deploy", "duration": "900",
    ]

    @Test("Alibaba Cloud, with everything in the query and nothing signed")
    func alibaba() async throws {
        let answer = """
            {"RequestId":"6894B13B","AssumedRoleUser":{"AssumedRoleId":"3:s","Arn":"acs:sts::1:assumed-role/deploy/s"},\
            "Credentials":{"AccessKeyId":"STS.1","AccessKeySecret":"secret","SecurityToken":"token",\
            "Expiration":"2026-11-22T10:30:00Z"}}
            """
        let harness = try TradeHarness([.status(200, answer)])
        let credential = try await harness.obtain(at: target(shipped("alibaba"), Self.aliParameters))
        #expect(
            credential.environment.texts() == [
                "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.1", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
                "ALIBABA_CLOUD_SECURITY_TOKEN": "token",
            ]
        )
        #expect(credential.expires == (try RFC3339.parse("2026-11-22T10:30:00Z")))
        #expect(try harness.lastEntry().credential == "STS.1")
        let request = harness.network.requests[0]
        #expect(request.method == .post && request.body.isEmpty)
        let query = try #require(request.url.split(separator: "?").last)
        let names = query.split(separator: "&").map { String($0.prefix { $0 != "=" }) }
        #expect(
            request.url.hasPrefix("https://sts.aliyuncs.com/?Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON&")
        )
        #expect(
            names.dropFirst(3) == [
                "Timestamp", "RoleArn", "OIDCProviderArn", "OIDCToken", "RoleSessionName", "DurationSeconds",
            ]
        )
        #expect(
            query.contains(
                "&Timestamp=\(RFC3339.format(harness.book.clock.now).split(separator: ":").joined(separator: "%3A"))&"
            )
        )
        #expect(query.hasSuffix("&RoleSessionName=acme-web.deploy.release%40run_4711&DurationSeconds=900"))
    }

    @Test("Alibaba Cloud's throttling is an outage, its other codes are refusals")
    func alibabaRefusals() async throws {
        func error(_ code: String) -> FakeTransport.Reply {
            .status(400, "{\"Code\":\"\(code)\",\"Message\":\"why\",\"RequestId\":\"1\"}")
        }
        let target = try target(shipped("alibaba"), Self.aliParameters)
        let throttled = try #require(try await TradeHarness([error("Throttling")]).failure(at: target))
        #expect(throttled.kind == .outage && throttled.attempts == 4)
        let refused = try #require(
            try await TradeHarness([error("AuthenticationFail.OIDCToken.Expired")]).failure(at: target)
        )
        #expect(refused.kind == .refused)
        #expect(refused.description == "AuthenticationFail.OIDCToken.Expired: why")
    }

    @Test("Tencent Cloud, which refuses under status 200")
    func tencent() async throws {
        let answer = """
            {"Response":{"Credentials":{"Token":"t","TmpSecretId":"AKID1","TmpSecretKey":"k"},"ExpiredTime":1795351800,\
            "Expiration":"2026-11-22T12:50:00Z","RequestId":"1"}}
            """
        func error(_ code: String) -> FakeTransport.Reply {
            .status(200, "{\"Response\":{\"Error\":{\"Code\":\"\(code)\",\"Message\":\"why\"},\"RequestId\":\"1\"}}")
        }
        let target = try target(
            shipped("tencent"),
            ["provider": "jobpass", "role": "qcs::cam::uin/1:roleName/deploy", "region": "eu-frankfurt"]
        )
        let harness = try TradeHarness([error("InternalError"), .status(200, answer)])
        let credential = try await harness.obtain(at: target)
        #expect(
            credential.environment.texts() == [
                "TENCENTCLOUD_SECRET_ID": "AKID1", "TENCENTCLOUD_SECRET_KEY": "k", "TENCENTCLOUD_TOKEN": "t",
                "TENCENTCLOUD_SECURITY_TOKEN": "t", "TENCENTCLOUD_REGION": "eu-frankfurt",
            ]
        )
        #expect(credential.expires == UnixTime(seconds: 1_795_351_800))
        let request = harness.network.requests[1]
        #expect(request.url == "https://sts.tencentcloudapi.com/")
        #expect(
            request.fields == [
                "X-TC-Action": "AssumeRoleWithWebIdentity", "X-TC-Version": "2018-08-13", "X-TC-Region": "eu-frankfurt",
                "X-TC-Timestamp": "\(harness.book.clock.now.seconds)", "Authorization": "SKIP",
                "Content-Type": "application/json",
            ]
        )
        #expect(
            try JSON.parse(request.body) == [
                "ProviderId": "jobpass", "WebIdentityToken": .string(harness.sentToken(1)),
                "RoleArn": "qcs::cam::uin/1:roleName/deploy", "RoleSessionName": "acme-web.deploy.release@run_4711",
                "DurationSeconds": 7200,
            ]
        )
        let refused = try #require(
            try await TradeHarness([error("AuthFailure.UnauthorizedOperation")]).failure(at: target)
        )
        #expect(refused.kind == .refused && refused.attempts == 1)
        #expect(refused.description == "AuthFailure.UnauthorizedOperation: why")
    }
}
