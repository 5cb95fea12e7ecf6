import Configuration
import Federation
import Runs
import Testing
import Time

@Suite("What a configuration says of other issuers")
struct FederationSettingsTests {
    private static func settings(_ entry: String) throws(InvalidConfiguration) -> Settings {
        let text = """
            issuer: https://ci.example.com
            store: sqlite:jobpass.db
            keys: {directory: keys}
            principals: [{name: fleet, role: orchestrator, projects: [x], token_sha256: \(String(repeating: "ab", count: 32))}]
            federation: [\(entry)]

            """
        return try Configuration.parse(Array(text.utf8), file: "/test/jobpass.yaml")
    }

    @Test("the contract's example is an entry")
    func contract() throws {
        let settings = try Self.settings(
            """
            {issuer: "https://oidc.circleci.com/org/6cb0c3f8", audience: "https://ci.example.com",
             claims: {project: oidc.circleci.com/project-id, workflow: oidc.circleci.com/workflow-id,
                      job: oidc.circleci.com/job-id, ref: oidc.circleci.com/vcs-ref}}
            """
        )
        let entry = try #require(settings.federation.first)
        #expect(entry.name == "oidc.circleci.com")
        #expect(entry.mappings.map(\.claim) == ["project", "workflow", "job", "ref"])
        #expect(entry.rules.audiences == ["https://ci.example.com"])
        #expect(entry.lifetime == .seconds(3_600))
    }

    @Test("a preset's keys give way to the entry's own")
    func overrides() throws {
        let entry = try #require(
            Self.settings(
                """
                {preset: circleci, issuer: "https://oidc.circleci.com/org/6cb0", claims: {job: "=any", team: oidc.circleci.com/org-id},
                 require: {oidc.circleci.com/ssh-rerun: [true, false]}, untrusted_when: {}, lifetime: 10m, once: true}
                """
            ).federation.first
        )
        #expect(entry.mappings.filter { $0.claim == "job" }.map { $0.places.map(\.description) } == [["=any"]])
        #expect(entry.attestor.claims == ["team"])
        #expect(entry.rules.require.count == 1)
        #expect(entry.trust.untrustedWhen.isEmpty)
        #expect(entry.rules.isOnce)
    }

    @Test(
        "mistakes are refused with the fix",
        arguments: [
            ("{preset: github}", "federation[0].require", "signs tokens for everybody"),
            (
                "{preset: github, require: {repository_owner: \"*\"}}", "federation[0].require",
                "signs tokens for everybody"
            ),
            ("{preset: gitlab, projects: [\"*/web\"]}", "federation[0].require", "signs tokens for everybody"),
            ("{preset: githab, issuer: \"https://a.example\"}", "federation[0].preset", "did you mean 'github'"),
            ("{preset: circleci}", "federation[0].issuer", "the key is missing"),
            ("{preset: circleci, issuer: \"http://a.example\"}", "federation[0].issuer", "https"),
            ("{issuer: \"https://a.example\"}", "federation[0].claims", "the key is missing"),
            ("{issuer: \"https://a.example\", claims: {project: a}}", "federation[0].claims", "'workflow'"),
            (
                "{issuer: \"https://a.example\", claims: {project: a, workflow: b, job: c, trust: d}}",
                "federation[0].claims.trust", "no claim to be taken"
            ),
            (
                "{issuer: \"https://a.example\", claims: {project: a, workflow: b, job: c, sub: d}}",
                "federation[0].claims.sub", "cannot be a claim"
            ),
            (
                "{issuer: \"https://a.example\", claims: {project: \"{a\", workflow: b, job: c}}",
                "federation[0].claims.project", "no place in a token"
            ),
            (
                "{issuer: \"https://a.example\", name: fleet, claims: {project: a, workflow: b, job: c}}",
                "federation[0].name", "the name of a principal"
            ),
            (
                "{issuer: \"https://a.example\", trust: trusted, claims: {project: a, workflow: b, job: c}}",
                "federation[0].trust", "only untrusted"
            ),
            (
                "{issuer: \"https://a.example\", algorithms: [HS256], claims: {project: a, workflow: b, job: c}}",
                "federation[0].algorithms", "HS256"
            ),
        ]
    )
    func refuses(entry: String, key: String, text: String) {
        #expect {
            try Self.settings(entry)
        } throws: { error in
            guard let error = error as? InvalidConfiguration else { return false }
            return "\(error)".contains(key) && "\(error)".contains(text)
        }
    }

    @Test("what is safe but may surprise is a warning")
    func warns() throws {
        let names = try Self.settings("{preset: github, require: {repository_owner: acme}}").warnings.map(\.key)
        #expect(names.contains("federation[0].require"))
        let forks = try Self.settings("{preset: circleci, issuer: \"https://oidc.circleci.com/org/6cb0\"}").warnings
        #expect(forks.map(\.key).contains("federation[0].trusted_when"))
    }
}
