import Delivery
import JSON
import POSIX
import Testing

@Suite("What leads a child's SDK to its next credential")
struct HandoverTests {
    private let place = Handover.Place(server: "http://127.0.0.1:7", token: "t0ken", directory: "/run/x")

    private func handover(_ json: JSON, keys: Bool = false) throws -> Handover {
        Handover(try credential(json), at: place, keys: keys)
    }

    private func variables(_ json: JSON, keys: Bool = false) throws -> [String: String] {
        var environment = ChildEnvironment()
        let credential = try credential(json)
        try environment.add(credential, Handover(credential, at: place, keys: keys))
        let child = environment.environment(
            over: Environment(["AWS_PROFILE": "other", "GOOGLE_CREDENTIALS": "other", "AZURE_CLIENT_SECRET": "other"])
        )
        return Dictionary(uniqueKeysWithValues: child.names.map { ($0, child[$0] ?? "") })
    }

    @Test("AWS's SDKs are led to the server, past their files, and get no key that would stop them")
    func aws() throws {
        #expect(try handover(answer()).renewal == .server)
        #expect(
            try variables(answer()) == [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:7/aws/aws-prod",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t0ken", "AWS_REGION": "eu-west-1",
                "AWS_DEFAULT_REGION": "eu-west-1", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                "AWS_CONFIG_FILE": "/dev/null", "GOOGLE_CREDENTIALS": "other", "AZURE_CLIENT_SECRET": "other",
            ]
        )
    }

    @Test("with --keys, AWS's keys are in the environment and nothing renews them")
    func keys() throws {
        #expect(try handover(answer(), keys: true).renewal == .none)
        let variables = try variables(answer(), keys: true)
        #expect(variables["AWS_ACCESS_KEY_ID"] == "ASIAEXAMPLE" && variables["AWS_SESSION_TOKEN"] == "token==")
        #expect(variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == nil && variables["AWS_CONFIG_FILE"] == nil)
    }

    @Test("Google's libraries are led to the server by a file, which holds no credential of Google's")
    func google() throws {
        let json = answer(
            ["CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29.secret", "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.secret"],
            target: "g",
            type: "gcp"
        )
        let handover = try handover(json)
        #expect(handover.files.map(\.name) == ["g.google.json"])
        let file = try JSON.parse(Array(handover.files[0].text.utf8))
        #expect(file["token_url"] == "http://127.0.0.1:7/gcp/g")
        #expect(file["credential_source"]?["headers"]?["Authorization"] == "t0ken")
        #expect(!handover.files[0].text.contains("ya29"))
        let variables = try variables(json)
        #expect(variables["GOOGLE_APPLICATION_CREDENTIALS"] == "/run/x/g.google.json")
        #expect(variables["GOOGLE_CREDENTIALS"] == nil && variables["GOOGLE_OAUTH_ACCESS_TOKEN"] == "ya29.secret")
    }

    @Test("an ID token is handed over in a file, with where to trade it")
    func idTokens() throws {
        func token(_ type: String, _ settings: JSONObject) -> JSON {
            [
                "target": "t", "type": .string(type), "source": "exchange", "expires_at": "2026-11-22T10:30:00Z",
                "environment": ["JOBPASS_ID_TOKEN": "a.jwt.x"], "credential": .object(settings), "ledger_index": 1,
            ]
        }
        let aws = token(
            "aws",
            ["role": "arn:r", "region": "eu-west-1", "endpoint": "https://sts.eu-west-1.amazonaws.com"]
        )
        #expect(try handover(aws).files.map(\.text) == ["a.jwt.x"])
        var variables = try variables(aws)
        #expect(variables["AWS_WEB_IDENTITY_TOKEN_FILE"] == "/run/x/t.token" && variables["AWS_ROLE_ARN"] == "arn:r")
        #expect(variables["AWS_ENDPOINT_URL_STS"] == nil && variables["JOBPASS_ID_TOKEN"] == nil)
        let minio = token("aws", ["role": "arn:r", "region": "eu-west-1", "endpoint": "http://127.0.0.1:9000"])
        #expect(try self.variables(minio)["AWS_ENDPOINT_URL_STS"] == "http://127.0.0.1:9000")
        variables = try self.variables(
            token("azure", ["tenant": "T", "client_id": "C", "authority": "https://login.example"])
        )
        #expect(variables["AZURE_FEDERATED_TOKEN_FILE"] == "/run/x/t.token" && variables["AZURE_TENANT_ID"] == "T")
        #expect(variables["AZURE_CLIENT_ID"] == "C" && variables["AZURE_AUTHORITY_HOST"] == "https://login.example")
        #expect(variables["AZURE_CLIENT_SECRET"] == nil, "an SDK would use it first")
        let gcp = try handover(
            token("gcp", ["provider": "//iam/p", "service_account": "sa@x", "endpoint": "http://[::1]:1"])
        )
        let file = try JSON.parse(Array(gcp.files[1].text.utf8))
        #expect(file["audience"] == "//iam/p" && file["credential_source"]?["file"] == "/run/x/t.token")
        #expect(
            file["service_account_impersonation_url"]
                == "http://[::1]:1/v1/projects/-/serviceAccounts/sa@x:generateAccessToken"
        )
        variables = try self.variables(answer(["K8S_TOKEN": "a.jwt.x"], target: "t", type: "none"))
        #expect(variables["K8S_TOKEN"] == "a.jwt.x" && variables["K8S_TOKEN_FILE"] == "/run/x/t.token")
    }

    @Test("what no SDK renews is in variables, and nothing else")
    func rest() throws {
        let handover = try handover(answer(["VAULT_TOKEN": "hvs.x"], target: "v", type: "vault"))
        #expect(handover.renewal == .none && handover.files.isEmpty && handover.variables.isEmpty)
    }
}
