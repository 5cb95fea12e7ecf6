internal import Auditing
internal import Crypto
internal import Encoding
internal import EventLoop
internal import HTTP
internal import HTTPClient
internal import JSON
internal import Ledger
internal import Runs
internal import Time
internal import Tokens

/// `jobpass audit show`: one entry, whole and proved; or what is known of a token.
enum AuditShowCommand {
    static let token = Option.value(
        "token",
        "FILE",
        "the entry of the token in this file, - for standard input: was it issued here, and for which run?",
        kind: .file
    )

    static let definition = Command(
        name: "show",
        summary: "show one entry of the ledger whole, and prove it",
        details: [
            "The proof that the entry stands in the ledger is verified here, by the ledger's key; so is the beginning of its run, which says who "
                + "answers for each claim. With --token the token's signature is "
                + "verified as well, by the public key that the ledger has archived, however long ago it was."
        ],
        operands: [
            Command.Operand(
                "INDEX",
                "the entry's number, as the broker's answers carry it in ledger_index",
                count: .atMostOne
            )
        ],
        options: [token, AuditKey.option] + BrokerOptions.all + [.json],
        examples: [
            Command.Example("jobpass audit show 1042", "see what was recorded of one token"),
            Command.Example("jobpass audit show --token found.jwt --key ledger.vkey", "a token was found somewhere"),
        ],
        variables: BrokerOptions.principalVariables,
        exits: [Command.Note("65", "it is not proved, or no such token was issued here")]
            + BrokerRefusal.exits.filter { $0.name != "65" },
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let given = try invocation[token].map { try Self.text(of: $0) }
        guard (given == nil) != invocation.operands.isEmpty else {
            throw CommandError.usage("\(invocation.label)give either INDEX or --token")
        }
        let known = try AuditKey.given(invocation)
        let wanted: UInt64? = try invocation.operands.first.map { text in
            guard let index = UInt64(text) else {
                throw CommandError.usage("\(invocation.label)INDEX: '\(text)' is no entry's number")
            }
            return index
        }
        let shown = try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            let index: UInt64
            if let wanted { index = wanted } else { index = try await Self.index(ofToken: given ?? "", by: broker) }
            let proved = try await ProvedEntry(index, known, by: broker)
            let sources = try await ClaimSources(of: proved.answer["entry"], known, by: broker)
            guard let given else { return (proved, nil as JSON?, sources) }
            return (proved, try await proved.archivedKey(of: given, known, by: broker), sources)
        }
        if let given, let key = shown.1 { try verify(given, by: key) }
        try show(shown.0, shown.2, hasToken: given != nil, invocation)
        return .success
    }

    private static func text(of path: String) throws -> String {
        var text = String(decoding: try LocalFile.read(path, limit: 1 << 20), as: UTF8.self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    private static func index(
        ofToken text: String,
        by broker: borrowing BrokerClient
    ) async throws(CommandError) -> UInt64 {
        let hash = SHA256.hash(text).hex
        let found = try await AuditTraceCommand.entries(TraceClues(token: text).clues[0], by: broker)
        guard let index = found.first(where: { $0["kind"]?.asString == "token.issued" })?["index"]?.asInteger else {
            throw CommandError(
                .badData,
                "no such token was issued here: the ledger has none whose SHA-256 is \(hash)",
                advice: "if its header names a key of this issuer, the key was stolen: jobpass audit trace KID"
            )
        }
        return UInt64(clamping: index)
    }

    /// The signature that archived key and token must agree on.
    private static func verify(_ token: String, by key: JSON) throws {
        try EventLoop.runToCompletion { _ in
            let set: JWKSet
            do throws(TokenError) { set = try JWKSet([JWK(key)]) } catch {
                throw CommandError(.badData, "the archived key cannot be read: \(error)")
            }
            let verifier = TokenVerifier(
                keys: .given(set),
                rules: VerificationRules(issuer: nil, audiences: nil),
                clock: SystemClock.now
            )
            do throws(TokenError) { _ = try await verifier.verifySignature(token) } catch {
                throw CommandError(
                    .badData,
                    "the token's signature is not by the key that the ledger has archived: \(error)"
                )
            }
        }
    }

    private static func show(
        _ proved: ProvedEntry,
        _ sources: ClaimSources?,
        hasToken: Bool,
        _ invocation: Invocation
    ) throws {
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            var object = proved.answer.asObject ?? JSONObject()
            object["proved"] = true
            if hasToken { object["issued_here"] = true }
            if let sources {
                var provenance = JSONObject()
                for claim in claims(in: proved) { provenance[claim.name] = sources.source(of: claim.name).json }
                object["provenance"] = .object(provenance)
            }
            try console.result(JSON.object(object))
        } else {
            try console.result(table(proved, sources).text(console.resultStyle))
        }
        if hasToken { console.note("this token was issued here, and its signature is good") }
        console.note(
            "proved: the ledger of \(proved.checkpoint.size) entries has it, signed by \(proved.checkpoint.origin)"
        )
        if !proved.hasTrustedKey { console.warning("by the key that the broker itself gives; use --key to be sure") }
    }

    private static func table(_ proved: ProvedEntry, _ sources: ClaimSources?) -> Table {
        var table = Table(sources == nil ? ["FIELD", "VALUE"] : ["FIELD", "VALUE", "FROM"])
        func add(_ name: String, _ value: JSON, from source: String) {
            table.rows.append([name, value.asString ?? value.text] + (sources == nil ? [] : [source]))
        }
        for member in proved.answer["entry"]?.asObject?.members ?? [] {
            guard case .object(let claims) = member.value else {
                add(member.name, member.value, from: "")
                continue
            }
            for claim in claims.members where claim.name != UpstreamOrigin.member {
                add(
                    "\(member.name).\(claim.name)",
                    claim.value,
                    from: sources?.source(of: claim.name).description ?? ""
                )
            }
        }
        return table
    }

    private static func claims(in proved: ProvedEntry) -> [JSONObject.Member] {
        (proved.answer["entry"]?["claims"]?.asObject?.members ?? []).filter { $0.name != UpstreamOrigin.member }
    }
}
