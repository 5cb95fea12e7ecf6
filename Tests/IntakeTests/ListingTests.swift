import Encoding
import Intake
import Testing
import Time

@Suite("Listings of where secrets were kept")
struct ListingTests {
    private func read(_ text: String, _ change: (inout IntakeOptions) -> Void = { _ in }) throws -> Listing {
        var options = IntakeOptions()
        change(&options)
        return try IntakeFormat.guess(Array(text.utf8)).read(Array(text.utf8), options)
    }

    @Test("the form is told by what is in the file")
    func guess() throws {
        for (text, format) in [
            ("A=b", IntakeFormat.dotenv), ("# {", .dotenv), ("{\"A\": \"b\"}", .json),
            ("\u{FEFF} {\"A\": \"b\"}", .json),
            ("[{\"name\": \"A\", \"updatedAt\": \"x\"}]", .github), ("{\"total_count\": 0, \"secrets\": []}", .github),
            ("[{\"key\": \"A\", \"value\": \"b\"}]", .gitlab), ("{\"user\": {}, \"accounts\": []}", .circleci),
            ("{\"contexts\": [], \"projects\": []}", .circleci),
        ] {
            #expect(try IntakeFormat.guess(Array(text.utf8)) == format, "\(text)")
        }
        #expect(throws: IntakeError.self) { try IntakeFormat.guess(Array("[1]".utf8)) }
        #expect(throws: IntakeError.self) { try IntakeFormat.guess(Array("{\"A\": ".utf8)) }
    }

    @Test("plain JSON carries texts, and what is no text in base64")
    func plain() throws {
        let listing = try read(#"{"A": "x\ny", "B": {"base64": "AP8="}, "C": ""}"#)
        #expect(listing.values.map(\.bytes) == [Array("x\ny".utf8), [0, 0xFF]])
        #expect(listing.notes == ["C is empty and was left out"])
        for bad in [
            #"{"A": 1}"#, #"{"a b": "x"}"#, #"{"A": "x", "A": "y"}"#, #"{"A": {"base64": "?"}}"#, #"{"A": null}"#,
        ] {
            let error = #expect(throws: IntakeError.self, "\(bad)") { try read(bad) }
            #expect(error?.description.contains("\"x\"") == false)
        }
    }

    @Test("GitHub's secrets are an inventory, its variables values")
    func github() throws {
        let secrets = try read(#"[{"name": "NPM_TOKEN", "updatedAt": "2025-04-01T10:00:00Z"}]"#) {
            $0.place = "acme/web"
        }
        #expect(
            secrets.elsewhere == [
                Listing.Item(place: "acme/web", name: "NPM_TOKEN", updated: try RFC3339.parse("2025-04-01T10:00:00Z"))
            ]
        )
        let rest =
            #"{"total_count": 1, "secrets": [{"name": "A", "created_at": "2024-01-02T03:04:05Z", "updated_at": null}]}"#
        #expect(try read(rest).elsewhere.map(\.created) == [try RFC3339.parse("2024-01-02T03:04:05Z")])
        let variables = #"{"total_count": 1, "variables": [{"name": "REGION", "value": "eu-west-1"}]}"#
        #expect(try read(variables).values.map(\.name.text) == ["REGION"])
        let page = #"{"total_count": 31, "secrets": [{"name": "A"}]}"#
        #expect(throws: IntakeError.self) { try read(page) }
    }

    @Test("GitLab's variables are chosen by their environment scope, and hidden ones listed")
    func gitlab() throws {
        let text = """
            [{"key": "DB", "value": "all", "environment_scope": "*", "variable_type": "env_var", "hidden": false},
             {"key": "DB", "value": "prod", "environment_scope": "production", "hidden": false},
             {"key": "OTHER", "value": "x", "environment_scope": "*"},
             {"key": "QA_ONLY", "value": "y", "environment_scope": "qa"},
             {"key": "HIDDEN", "value": null, "environment_scope": "*", "hidden": true}]
            """
        let error = #expect(throws: IntakeError.self) { try read(text) }
        #expect(error?.description.contains("DB: there for several environment scopes") == true)
        let production = try read(text) { $0.scope = "production" }
        #expect(production.values.map { String(decoding: $0.bytes, as: UTF8.self) } == ["prod", "x"])
        #expect(production.elsewhere.map(\.name) == ["HIDDEN"])
        #expect(try read(text) { $0.scope = "qa" }.values.map(\.name.text) == ["DB", "OTHER", "QA_ONLY"])
    }

    /// In the form of the types of CircleCI-Env-Inspector 2 (src/utils/CircleCI.ts).
    static let report = """
        {"user": {"name": "someone", "login": "someone", "id": "1", "avatar_url": ""}, "accounts": [
          {"name": "acme", "id": "2", "vcstype": "github", "errors": [{"contextName": "x"}],
           "contexts": [{"id": "3", "name": "aws", "created_at": "2021-05-06T07:08:09.123Z", "url": "https://x", "variables": [
             {"variable": "AWS_SECRET_ACCESS_KEY", "context_id": "3", "created_at": "2021-05-06T07:08:10.123Z",
              "updated_at": "2022-01-01T00:00:00.000Z"}]}],
           "projects": [{"id": "4", "name": "web", "slug": "gh/acme/web", "errors": [],
             "project_env_vars": [{"name": "NPM_TOKEN", "value": "xxxx1234"}],
             "checkout_keys": [{"created_at": "2020-01-01T00:00:00.000Z", "fingerprint": "aa:bb", "preferred": true,
               "public_key": "ssh-rsa", "type": "deploy-key"}],
             "ssh_keys": [{"fingerprint": "cc:dd", "hostname": "prod", "public_key": "ssh-rsa"}],
             "legacy_aws_keys": {"access_key_id": "AKIA", "secret_access_key": "xxxx"}}]}]}
        """

    @Test("CircleCI-Env-Inspector's report is an inventory, and a masked value none to keep")
    func circleci() throws {
        let listing = try read(Self.report)
        #expect(listing.values.isEmpty)
        #expect(
            listing.elsewhere.map { "\($0.place): \($0.name)" } == [
                "acme context aws: AWS_SECRET_ACCESS_KEY", "project gh/acme/web: NPM_TOKEN",
                "project gh/acme/web: checkout key aa:bb", "project gh/acme/web: SSH key for prod cc:dd",
                "project gh/acme/web: legacy AWS key",
            ]
        )
        #expect(listing.elsewhere[0].updated == (try RFC3339.parse("2022-01-01T00:00:00Z")))
        #expect(listing.elsewhere[1].created == nil)
        #expect(listing.notes == ["the report has errors: what it could not read is missing here"])
    }

    @Test("so is the form that its first versions wrote")
    func formerReport() throws {
        let text = """
            {"contexts": [{"name": "aws", "url": "u", "id": "i", "variables": [
              {"variable": "GITHUB_TOKEN", "context_id": "i", "created_at": "2021-05-06T07:08:09Z"}]}],
             "projects": [{"name": "acme/web", "url": "u", "variables": [{"name": "VAR", "value": "xxxx"}]}]}
            """
        #expect(
            try read(text).elsewhere.map { "\($0.place): \($0.name)" } == [
                "context aws: GITHUB_TOKEN", "project acme/web: VAR",
            ]
        )
    }
}
