import Configuration
import Exchange
import HTTP
import JSON
import POSIX
import Support
import Testing
import Time

/// A target of a recipe with parameters.
func target(
    _ recipe: Recipe,
    _ parameters: KeyValuePairs<String, String>,
    endpoint: String? = nil
) throws -> Target {
    let values = parameters.map { TokenExchangeTarget.Parameter($0.key, $0.value) }
    return try Target(
        name: "recipe",
        service: .recipe(RecipeTarget(recipe, parameters: values, endpoint: endpoint))
    )
}

@Suite("Recipes")
struct RecipeTests {
    private static let plain = """
        recipe: Example
        parameters:
          host: {about: the host, example: api.example.com}
          team: {about: the team, optional: true}
          seconds: {about: the life, default: "60", type: integer}
        request:
          url: https://{host}/teams/{seconds}
          headers: {Authorization: "Bearer {token}"}
          json: {team: "{team}", seconds: "{seconds}", text: "{{ {seconds} }}", nested: {list: [1, true, "{team}", x]}}
        credential:
          environment: {EXAMPLE_TOKEN: /data/0/token}
          lifetime: 10m
        error: {code: /code, message: /message, outage: [busy], misconfigured: [bad]}
        revoke:
          url: https://{host}/tokens/{seconds}
          headers: {Authorization: "Bearer {credential}"}
        """

    private func recipe(_ old: String = "", _ new: String = "") throws -> Recipe {
        var text = Self.plain
        if !old.isEmpty {
            try #require(text.contains(old))
            text = text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
        }
        return try RecipeFile.parse(Array(text.utf8), file: "example.yaml")
    }

    @Test("what a recipe leaves to a target is filled in, and what nobody gives is left out")
    func filled() async throws {
        let harness = try TradeHarness([.status(200, "{\"data\":[{\"token\":\"t\"}]}"), .status(204)])
        let target = try target(recipe(), ["host": "api.example.com:8443"])
        let credential = try await harness.trade(at: target)
        let request = harness.network.requests[0]
        #expect(request.url == "https://api.example.com:8443/teams/60")
        #expect(request.fields["Authorization"]?.hasPrefix("Bearer eyJ") == true)
        #expect(
            try JSON.parse(request.body)
                == ["seconds": 60, "text": "{ 60 }", "nested": ["list": [1, true, "x"]]]
        )
        #expect(credential.expires == harness.book.clock.now + .seconds(600))
        try await harness.exchange.revoke(try #require(credential.revocation), at: target)
        let revoked = harness.network.requests[1]
        #expect(revoked.method == .delete)
        #expect(revoked.url == "https://api.example.com:8443/tokens/60")
        #expect(revoked.fields["Authorization"] == "Bearer t")
    }

    @Test("the codes that a recipe names have the kinds that it says")
    func kinds() async throws {
        let target = try target(recipe(), ["host": "api.example.com"])
        for (code, kind) in [("busy", ExchangeFailure.Kind.outage), ("bad", .misconfigured), ("no", .refused)] {
            let harness = try TradeHarness([.status(403, "{\"code\":\"\(code)\",\"message\":\"m\"}")])
            #expect(try await harness.failure(at: target)?.kind == kind)
        }
        let garbage = try TradeHarness([.status(403, "<html>")])
        #expect(try await garbage.failure(at: target)?.kind == .refused)
    }

    @Test("a code of zero under a status of success is no refusal, any other is")
    func zero() async throws {
        let target = try target(recipe(), ["host": "api.example.com"])
        let good = try TradeHarness([.status(200, "{\"code\":0,\"data\":[{\"token\":\"t\"}]}")])
        let texts = try await good.obtain(at: target).environment.texts()
        #expect(texts == ["EXAMPLE_TOKEN": "t"])
        let bad = try TradeHarness([.status(200, "{\"code\":7,\"message\":\"no\",\"data\":[{\"token\":\"t\"}]}")])
        #expect(try await bad.failure(at: target)?.description == "7: no")
    }

    @Test(
        "an answer without the credential, or one that has ended, is broken",
        arguments: [
            "{}", "{\"data\":[]}", "{\"data\":[{\"token\":7}]}", "{\"data\":[{\"token\":\"a b\"}]}", "[]", "",
            "{\"data\":[{\"token\":\"t\"}],\"end\":\"soon\"}", "{\"data\":[{\"token\":\"t\"}],\"end\":1}",
            "{\"data\":[{\"token\":\"t\"}],\"end\":true}",
        ]
    )
    func broken(_ body: String) async throws {
        let target = try target(recipe("lifetime: 10m", "expires_at: /end"), ["host": "api.example.com"])
        let harness = try TradeHarness([.status(200, body)])
        #expect(try await harness.failure(at: target)?.kind == .brokenAnswer)
    }

    @Test(
        "no parameter can send the token to another host, nor to another path of it",
        arguments: [
            "evil.example/", "evil.example#", "evil.example?", "user@evil.example", "user:x@evil.example", "", " ",
            "evil.example\\", "a b", "evil.example/..", "[::1", "evil.example:0", "evil.example:x", "a\u{0}",
            "ä.example",
            "%65vil.example", "{token}",
        ]
    )
    func hosts(_ host: String) throws {
        #expect(throws: TargetError.self) { try target(recipe(), ["host": host]) }
    }

    @Test("a parameter in a path stays within its segment")
    func segments() async throws {
        let text =
            "recipe: P\\nparameters: {org: {about: o}}\\nrequest: {url: \"https://api.example.com/openid/{org}/\", "
            + "json: {t: \"{token}\"}}\\ncredential: {environment: {T: /token}}"
        let lines = text.split(separator: "\\n").joined(separator: "\n")
        let recipe = try RecipeFile.parse(Array(lines.utf8), file: "p.yaml")
        let harness = try TradeHarness([.status(403)])
        _ = try await harness.failure(at: target(recipe, ["org": "../../x?y=@evil/#"]))
        #expect(harness.network.requests[0].url == "https://api.example.com/openid/..%2F..%2Fx%3Fy%3D%40evil%2F%23/")
        for way in [".", ".."] { #expect(throws: TargetError.self) { try target(recipe, ["org": way]) } }
    }

    @Test(
        "a job that trades by a recipe itself gets all of it",
        arguments: ["pulumi", "jfrog", "alibaba", "tencent", ""]
    )
    func forJobs(_ name: String) throws {
        let examples = ["acme", "p", "r", "eu-frankfurt"]
        let recipe = try name.isEmpty ? recipe() : shipped(name)
        let wanted = recipe.parameters.filter { $0.standard == nil && !$0.isOptional }
        let values = zip(wanted, examples).map { TokenExchangeTarget.Parameter($0.0.name, $0.0.example ?? $0.1) }
        let target = try Target(name: "r", service: .recipe(RecipeTarget(recipe, parameters: values)))
        let text = JSON.object(target.settings).text
        let read = try Target(name: "r", settings: try #require(try JSON.parse(Array(text.utf8)).asObject))
        #expect(read.service == target.service)
        #expect(read.trader == .job)
        #expect(read.settings == target.settings)
    }

    @Test("a sandbox may stand in for the host, under the rules of every endpoint")
    func endpoint() throws {
        _ = try target(recipe(), ["host": "api.example.com"], endpoint: "http://127.0.0.1:8090")
        #expect(throws: TargetError.self) {
            try target(recipe(), ["host": "api.example.com"], endpoint: "http://sandbox.example")
        }
    }

    @Test("a target gives the recipe's parameters and no others, each as it must be")
    func parameters() throws {
        for (parameters, seen) in [
            ([:], "no host"), (["host": "a.example", "tema": "x"], "tema"),
            (["host": "a.example", "seconds": "soon"], "seconds: soon"),
            (["host": "a.example", "team": "a\nb"], "team"),
        ] as [(KeyValuePairs<String, String>, String)] {
            let error = #expect(throws: TargetError.self) { try target(recipe(), parameters) }
            #expect(error?.key == "parameters")
            #expect(error?.seen == seen)
        }
    }

    /// A change to the recipe, and the report that comes of it.
    static let wrong: [(old: String, new: String, report: String)] = [
        ("recipe: Example\n", "", "1:1: error: recipe: the key is missing; add 'recipe: Example Cloud'"),
        (
            "Bearer {token}", "Bearer",
            "7:3: error: request: 'no {token}' cannot work; write {token} where the endpoint expects the ID token"
        ),
        (
            "https://{host}/teams", "http://{host}/teams",
            "7:8: error: request.url: 'http://{host}/teams/{seconds}' cannot work; write an https URL without a query, which "
                + "stands under 'query'"
        ),
        (
            "https://{host}/tokens", "https://other.example/tokens",
            "15:3: error: revoke: 'another host' cannot work; write the host of the request, to the letter"
        ),
        (
            "https://{host}/teams", "https://{token}/teams",
            "7:8: error: request.url: 'https://{token}' cannot work; write one of {host}, {seconds}, {team} instead of {token}"
        ),
        (
            "\"{team}\", seconds", "\"{tema}\", seconds",
            "9:16: error: request.json.team: '{tema}' cannot work; write one of {host}, {seconds}, {session_name}, {team}, "
                + "{time}, {timestamp}, {token} instead of {tema}"
        ),
        (
            "Bearer {credential}", "Bearer {token}",
            "16:28: error: revoke.headers.Authorization: 'Bearer {token}' cannot work; write one of {credential}, {host}, "
                + "{seconds}, {team}, {time}, {timestamp} instead of {token}"
        ),
        ("{{ {seconds}", "{ {seconds}", "9:54: error: request.json.text: '{ {seconds} }}' cannot work; write one of "),
        (
            "/data/0/token", "data.token",
            "11:32: error: credential.environment.EXAMPLE_TOKEN: 'data.token' is no place in an answer; write a JSON pointer "
                + "(RFC 6901) such as /access_token or /errors/0/message"
        ),
        ("EXAMPLE_TOKEN", "1TOKEN", "11:17: error: credential.environment.1TOKEN: '1TOKEN' is no name of a variable; "),
        ("headers: {Auth", "headers: {Host: x, Auth", "8:12: error: request.headers: 'Host' cannot work; "),
        ("team: {about", "token: {about", "4:3: error: parameters.token: 'token' is no name of a parameter; "),
        ("lifetime: 10m", "lifetime: never", "12:13: error: credential.lifetime: 'never' is no duration; "),
        ("lifetime", "life", "12:3: error: credential.life: there is no such key; "),
    ]

    @Test("a recipe that cannot work is told with line, column and the fix", arguments: wrong.indices)
    func reported(_ index: Int) throws {
        let row = Self.wrong[index]
        let error = try #require(throws: InvalidConfiguration.self) { try recipe(row.old, row.new) }
        let found = error.problems.map(\.description)
        #expect(found.contains { $0.hasPrefix("example.yaml:\(row.report)") }, "\(found)")
    }

    @Test("a recipe's mistakes reach the report of the configuration that names it")
    func fromConfiguration() throws {
        let folder = try Files.makeTemporaryDirectory("jobpass-recipe")
        defer { try? Files.removeTree(folder) }
        try Files.writeNew("\(folder)/wrong.yaml", Array("recipe: X\nsurprise: 1\n".utf8))
        let text = """
            issuer: https://ci.example.com
            store: sqlite:jobpass.db
            keys: {directory: keys}
            targets:
              x: {type: recipe, recipe: wrong.yaml, audience: a, allow: [{project: p}]}
            """
        let error = try #require(throws: InvalidConfiguration.self) {
            try Configuration.parse(Array(text.utf8), file: "\(folder)/jobpass.yaml")
        }
        let found = error.problems.map(\.description)
        #expect(
            found.contains { $0.hasPrefix("\(folder)/wrong.yaml:2:1: error: surprise: there is no such key") },
            "\(found)"
        )
        #expect(found.contains { $0.hasPrefix("\(folder)/jobpass.yaml:5:29: error: targets.x.recipe: ") }, "\(found)")
    }
}
