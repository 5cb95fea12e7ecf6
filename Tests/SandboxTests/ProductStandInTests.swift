import HTTP
import JSON
import Sandbox
import Support
import Testing
import Time

/// That the shipped recipes get through is shown by the scenarios; here stands what is refused, and in which shape.
@Suite("The stand-ins for the recipes' endpoints")
struct ProductStandInTests {
    private static let grant = "urn:ietf:params:oauth:grant-type:token-exchange"
    private static let types = "urn:ietf:params:oauth:token-type:"

    @Test("JFrog, Cloudsmith, Pulumi and Databricks refuse a token in their own words")
    func refusals() async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: "elsewhere"))
        let jfrog = try await sandbox.post(
            "/access/api/v1/oidc/token",
            json: [
                "grant_type": .string(Self.grant), "subject_token_type": .string(Self.types + "id_token"),
                "subject_token": .string(token), "provider_name": "jobpass",
            ]
        )
        #expect(jfrog.status == 401)
        #expect(try JSON.parse(jfrog.body)["errors"]?.asArray?.first?["status"] == 401)
        let cloudsmith = try await sandbox.post(
            "/openid/acme/",
            json: ["oidc_token": .string(token), "service_slug": "ci"]
        )
        #expect(cloudsmith.status == 401)
        #expect(try JSON.parse(cloudsmith.body)["detail"]?.asString?.hasPrefix("Invalid token") == true)
        for (path, type) in [("/api/oauth/token", "id_token"), ("/oidc/v1/token", "jwt")] {
            let response = try await sandbox.post(
                path,
                form: [
                    "grant_type": Self.grant, "subject_token": token, "subject_token_type": Self.types + type,
                    "requested_token_type": "x",
                ]
            )
            #expect(response.status == 400)
            #expect(try JSON.parse(response.body)["error"] == "invalid_request")
        }
        #expect(sandbox.events.count == 4)
    }

    @Test("Alibaba Cloud and Tencent Cloud refuse a token in their own words")
    func clouds() async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: "elsewhere"))
        let query =
            "Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON&Timestamp=x&RoleArn=r&OIDCProviderArn=p"
            + "&RoleSessionName=s&OIDCToken=\(token)"
        let alibaba = try await sandbox.send(.post, "/?\(query)")
        #expect(alibaba.status == 400)
        #expect(try JSON.parse(alibaba.body)["Code"] == "AuthenticationFail.OIDCToken.Invalid")
        let short = try await sandbox.send(.post, "/?\(query)&DurationSeconds=60")
        #expect(try JSON.parse(short.body)["Code"] == "InvalidParameter.DurationSeconds")
        func tencent(_ seconds: Int64) async throws -> JSON? {
            let response = try await sandbox.post(
                "/",
                json: ["ProviderId": "p", "WebIdentityToken": .string(token), "RoleArn": "r", "RoleSessionName": "s"],
                fields: [
                    "X-TC-Action": "AssumeRoleWithWebIdentity", "X-TC-Version": "2018-08-13", "Authorization": "SKIP",
                    "X-TC-Timestamp": "\(sandbox.clock.now.seconds + seconds)",
                ]
            )
            #expect(response.status == 200)
            return try JSON.parse(response.body)["Response"]?["Error"]?["Code"]
        }
        #expect(try await tencent(0) == "InvalidParameter.WebIdentityTokenError")
        #expect(try await tencent(-301) == "AuthFailure.SignatureExpire")
    }

    @Test("a token is given back to the plain server, which never says whether there was one")
    func revocation() async throws {
        let sandbox = try await SandboxHarness()
        #expect(try await sandbox.post("/revoke", form: ["token": "x"]).status == 200)
        #expect(try await sandbox.post("/revoke", form: ["tokens": "x"]).status == 400)
    }
}
