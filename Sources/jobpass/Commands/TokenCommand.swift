internal import Claims
internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// `jobpass token`: an ID token for this run.
enum TokenCommand {
    enum Format: String, CaseIterable {
        case jwt
        case json
        case claims
    }

    static let audience = Option.value("audience", "AUDIENCE", "for whom the token is", letter: "a", isRequired: true)
    static let lifetime = Option.value("lifetime", "DURATION", "how long it is to be valid, such as 10m")
    static let claim = Option.value(
        "claim",
        "NAME=VALUE",
        "what this job says of itself, by a name that the audience's rule lists under job_claims",
        repeats: true
    )
    static let format = Option.value(
        "format",
        "FORMAT",
        "jwt: the token alone; json: the broker's answer; claims: what the token says",
        kind: .choice(Format.allCases.map(\.rawValue))
    )

    static let definition = Command(
        name: "token",
        summary: "get an ID token for this run",
        details: [
            "The token goes to standard output and carries the run's claims to one audience, signed. Whoever holds it can "
                + "use it until it expires: hand it to a program, not to a log. Its format is jwt unless another is asked for.",
            "What --claim says stands in the token under job_claims, apart from what was attested: who trusts the token knows that the "
                + "job itself chose it. At most \(JobClaims.maximumCount), each of at most \(JobClaims.maximumValue) bytes.",
        ],
        options: [audience, lifetime, claim, format] + BrokerOptions.all,
        examples: [
            Command.Example("jobpass token --audience vault.example.com", "a token for a Vault role"),
            Command.Example(
                "jobpass token --audience sts.amazonaws.com --format claims",
                "see what AWS would see of this run"
            ),
            Command.Example(
                "jobpass token -a https://deploy.example.com --claim deployment=4711",
                "a token that also says what the job deploys"
            ),
        ],
        variables: BrokerOptions.jobVariables,
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let format: Format = try invocation[format].map { try invocation.choice($0) } ?? .jwt
        var query = Form([Form.Field("audience", invocation[audience] ?? "")])
        if let lifetime = try invocation.duration(lifetime) { query.append("lifetime", "\(lifetime.wholeSeconds)") }
        for text in invocation.all(claim) { query.append("claim", text) }
        let answer = try BrokerSession.run(invocation, as: .run) { [query] broker throws(CommandError) in
            try await broker.call(.get, ["v1", "token"], query: query)
        }
        let console = Console(invocation.environment)
        switch format {
        case .json: try console.result(answer)
        case .jwt: try console.result("\(try token(in: answer))\n")
        case .claims: try console.result(try claims(of: try token(in: answer)))
        }
        return .success
    }

    private static func token(in answer: JSON) throws(CommandError) -> String {
        guard let token = answer["value"]?.asString else {
            throw CommandError(.unavailable, "the broker's answer holds no token")
        }
        return token
    }

    /// What a token says, unverified: it has just come from the issuer itself.
    private static func claims(of token: String) throws(CommandError) -> JSON {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = try? Base64URL.decode(parts[1]), let claims = try? JSON.parse(payload)
        else {
            throw CommandError(.unavailable, "the broker's answer holds a token that is no JWT")
        }
        return claims
    }
}
