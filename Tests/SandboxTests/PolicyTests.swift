import Crypto
import Encoding
import HTTP
import JSON
import Sandbox
import Support
import Testing
import Tokens
import Trust
import XML

@Suite("The stand-ins enforce the policies that they are given")
struct PolicyTests {
    private static let subject = "project:acme/web:ref:refs/heads/main"
    private static let pool = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/p"

    private func policy(_ json: JSON, _ kind: PolicyKind) throws -> any TrustPolicy {
        try PolicyReader.read(json.serialized(pretty: true), kind: kind)
    }

    private func token(_ sandbox: SandboxHarness, _ audience: String, _ changes: JSONObject = [:]) throws -> String {
        var claims = sandbox.claims(for: audience)
        for change in changes.members { claims[change.name] = change.value }
        return try sandbox.issuer.sign(claims)
    }

    @Test("AWS STS by a role's trust policy", arguments: [(subject, 200), ("project:acme/app", 403)])
    func aws(wanted: String, status: Int) async throws {
        let holder = Box()
        let sandbox = try await SandboxHarness { settings in
            let host = settings.issuers[0].text.dropFirst(7)
            holder.policy = try? self.policy(
                [
                    "Version": "2012-10-17",
                    "Statement": [
                        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
                        "Principal": ["Federated": .string("arn:aws:iam::123456789012:oidc-provider/\(host)")],
                        "Condition": ["StringEquals": .object(Self.condition("\(host):sub", wanted))],
                    ],
                ],
                .aws
            )
            settings.awsPolicy = holder.policy
        }
        try #require(holder.policy != nil)
        let response = try await sandbox.post(
            "/",
            form: [
                "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15",
                "RoleArn": "arn:aws:iam::123456789012:role/ci/deploy", "RoleSessionName": "acme-web-1",
                "WebIdentityToken": try token(sandbox, "sts.amazonaws.com"),
            ]
        )
        #expect(response.status == status)
        guard status == 403 else { return }
        let error = try XMLElement.parse(response.body).child("Error")
        #expect(error?.child("Code")?.text == "AccessDenied")
        #expect(error?.child("Message")?.text.contains("saw '\(Self.subject)', wanted '\(wanted)'") == true)
    }

    private static func condition(_ key: String, _ value: String) -> JSONObject {
        var object = JSONObject()
        object[key] = .string(value)
        return object
    }

    private final class Box {
        var policy: (any TrustPolicy)?
    }

    @Test(
        "Google by a provider's mapping and condition",
        arguments: [
            ("assertion.project == 'acme/web'", "acme/web", 200, ""),
            ("assertion.project == 'acme/web'", "acme/app", 400, "unauthorized_client"),
            ("assertion.project.unknown() == 'acme/web'", "acme/web", 400, "unauthorized_client"),
        ]
    )
    func google(condition: String, project: String, status: Int, code: String) async throws {
        let sandbox = try await SandboxHarness { settings in
            let provider: JSON = [
                "oidc": ["issuerUri": .string(settings.issuers[0].text)], "attributeCondition": .string(condition),
                "attributeMapping": ["google.subject": "assertion.project"],
            ]
            settings.gcpProvider = (try? self.policy(provider, .google)) as? GoogleProvider
        }
        let response = try await sandbox.post(
            "/v1/token",
            form: [
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "audience": Self.pool,
                "scope": "https://www.googleapis.com/auth/cloud-platform",
                "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "subject_token": try token(sandbox, Self.pool, ["project": .string(project)]),
            ]
        )
        #expect(response.status == status)
        let answer = try JSON.parse(response.body)
        if status == 200 {
            #expect(sandbox.events.last?.outcome == .taken(subject: "acme/web"))
        } else {
            #expect(answer["error"]?.asString == code)
        }
    }

    @Test(
        "Entra by federated credentials",
        arguments: [
            (subject, "api://AzureADTokenExchange", 200, 0),
            ("project:ACME/web:ref:refs/heads/main", "api://AzureADTokenExchange", 401, 7_002_138),
            ("project:acme/app", "api://AzureADTokenExchange", 401, 700_213), (subject, "another", 401, 700_212),
        ]
    )
    func entra(wanted: String, audience: String, status: Int, number: Int64) async throws {
        let sandbox = try await SandboxHarness { settings in
            settings.azureCredentials = try? self.policy(
                [
                    "issuer": .string(settings.issuers[0].text), "subject": .string(wanted),
                    "audiences": [.string(audience)],
                ],
                .azure
            )
        }
        let response = try await sandbox.post(
            "/contoso/oauth2/v2.0/token",
            form: [
                "grant_type": "client_credentials", "client_id": "11111111-2222-3333-4444-555555555555",
                "scope": "https://management.azure.com/.default",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": try token(sandbox, "api://AzureADTokenExchange"),
            ]
        )
        #expect(response.status == status)
        let codes = try JSON.parse(response.body)["error_codes"]?.asArray ?? []
        #expect(codes == (number == 0 ? [] : [.integer(number)]))
    }

    @Test(
        "Vault by a role, which says itself what audience it takes",
        arguments: [
            (["project": "acme/web"], "team", 200, ""),
            (
                ["project": "acme/app"], "team", 400,
                "claim \"project\" does not match any associated bound claim values"
            ),
            (["environment": "x"], "team", 400, "claim \"environment\" is missing"),
            (["project": "acme/web"], "vault", 400, "audience claim does not match any expected audience"),
        ] as [(JSONObject, String, Int, String)]
    )
    func vault(bound: JSONObject, audience: String, status: Int, words: String) async throws {
        let sandbox = try await SandboxHarness { settings in
            let role: JSON = [
                "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["team"], "bound_claims": .object(bound),
            ]
            settings.vaultPolicies["deploy"] = try? self.policy(role, .vault)
        }
        let login: JSON = [
            "role": "Deploy", "jwt": .string(try token(sandbox, audience, ["project": "acme/web"])),
        ]
        let response = try await sandbox.post("/v1/auth/jwt/login", json: login)
        #expect(response.status == status)
        #expect(String(decoding: response.body, as: UTF8.self).replacing("\\\"", with: "\"").contains(words))
    }
}
