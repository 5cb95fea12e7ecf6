internal import EventLoop
internal import JSON
internal import Time
internal import Tokens
internal import Trust

/// `jobpass trust explain`: what a policy makes of one token, condition by condition.
enum TrustExplainCommand {
    static let policy = Option.value("policy", "FILE", "the policy", kind: .file, isRequired: true)
    static let run = Option.value("run", "ID", "a run's tokens, as the ledger has them")
    static let token = Option.value(
        "token",
        "FILE",
        "a token, - for standard input; its signature is taken for good",
        kind: .file
    )
    static let claims = Option.value("claims", "FILE", "a token's claims as JSON, - for standard input", kind: .file)
    static let role = Option.value("role", "ARN", "the AWS role that is asked for, where the account matters")
    static let session = Option.value("session", "NAME", "the AWS session's name, where the policy looks at it")

    static let definition = Command(
        name: "explain",
        summary: "say why a policy admits a token or does not, condition by condition",
        details: [
            "Reads AWS role trust policies, providers of Google Cloud's workload identity pools (the part of CEL that their conditions "
                + "use), Entra's federated credentials, JWT roles of OpenBao and Vault, Kubernetes' AuthenticationConfiguration, and "
                + "Jobpass's own configuration, as JSON or YAML. Everything happens here; no cloud is asked. What is not understood, "
                + "or depends on more than the token, is 'cannot tell', never a pass.",
            "With --run the tokens are those of a run, of which the newest for each audience is held against the policy and the nearest "
                + "is shown. Signatures are not verified: jobpass verify does that.",
            "Below what fails stand the fewest claims with which the same token would pass; they are found by holding changed tokens "
                + "against the policy. Where no change of three claims helps, none is told.",
        ],
        options: [policy] + PolicyFile.options + [run, token, claims, role, session] + LedgerSource.options + [.json],
        examples: [
            Command.Example(
                "jobpass trust explain --policy role.json --run 6f1c2a --config /etc/jobpass/jobpass.yaml",
                "why AWS refused this run's token"
            ),
            Command.Example(
                "jobpass token -a vault.example.com | jobpass trust explain --policy role.json --token -",
                "would this OpenBao role let this job in?"
            ),
            Command.Example(
                "jobpass trust explain --policy jobpass.yaml --target aws-prod --claims claims.json",
                "which of our own rules fails"
            ),
        ],
        variables: BrokerOptions.principalVariables,
        exits: [
            Command.Note("0", "the token passes"), Command.Note("77", "it does not"),
            Command.Note("65", "it cannot be told, or policy or token cannot be read"),
        ],
        body: .action(perform)
    )

    static func perform(_ invocation: Invocation) throws -> ExitCode {
        guard let path = invocation[policy] else { return .usage }
        let tokens = try tokens(invocation)
        let files = try PolicyFile.read(path, invocation)
        var shown: [ExplanationText] = []
        for file in files {
            let all = tokens.map { token in
                let presented = presented(token, invocation)
                return (presented: presented, explanation: file.policy.explain(presented))
            }
            guard let best = all.min(by: { rank($0.explanation) < rank($1.explanation) }) else { continue }
            let change = TokenChange.smallest(best.presented, for: file.policy)
            shown.append(ExplanationText(file: file, explanation: best.explanation, change: change))
        }
        let console = Console(invocation.environment)
        let settings = invocation[ConfigurationFile.option] == nil ? nil : try ConfigurationFile(invocation).settings
        for note in Set(tokens.compactMap { SpelledOut.note($0, settings) }).sorted() { console.note(note) }
        if invocation.has(.json) {
            try console.result(shown.count == 1 ? shown[0].json : .array(shown.map(\.json)))
        } else {
            try console.result(shown.map { $0.text(console.resultStyle) }.joined(separator: "\n"))
        }
        let verdicts = shown.map(\.explanation.verdict)
        if verdicts.contains(.pass) { return .success }
        return verdicts.contains(.cannotTell) ? .badData : .denied
    }

    private static func presented(_ claims: JSONObject, _ invocation: Invocation) -> Presented {
        Presented(claims, role: invocation[role], session: invocation[session])
    }

    /// The nearest first: what passes, then what fails least.
    private static func rank(_ explanation: Explanation) -> Int {
        if explanation.verdict == .pass { return 0 }
        return 1 + (explanation.nearest?.checks.count { $0.verdict != .pass } ?? 0)
    }

    private static func tokens(_ invocation: Invocation) throws -> [JSONObject] {
        let given = [run, token, claims].filter { invocation[$0] != nil }
        guard given.count == 1 else {
            throw CommandError.usage("\(invocation.label)give one of --run, --token and --claims")
        }
        if let path = invocation[token] {
            var text = String(decoding: try LocalFile.read(path, limit: 1 << 20), as: UTF8.self)
            while text.last?.isWhitespace == true { text.removeLast() }
            return [try object(try CompactJWS(text).payload, "the token's claims")]
        }
        if let path = invocation[claims] { return [try object(try LocalFile.read(path, limit: 1 << 20), path)] }
        let id = invocation[run] ?? ""
        let found = try EventLoop.runToCompletion { loop in
            try await IssuedClaims.tokens(ofRun: id, try LedgerSource(invocation, on: loop))
        }
        guard !found.isEmpty else {
            throw CommandError(
                .badData,
                "the ledger has no token of run '\(id)'",
                advice: "find the run: jobpass audit list --kind token.issued"
            )
        }
        return found
    }

    private static func object(_ bytes: [UInt8], _ what: String) throws(CommandError) -> JSONObject {
        do throws(JSONError) {
            if let object = try JSON.parse(bytes).asObject { return object }
        } catch {
            throw CommandError(.badData, "\(what): \(error)")
        }
        throw CommandError(.badData, "\(what): it is no JSON object")
    }
}
