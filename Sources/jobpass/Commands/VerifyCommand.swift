internal import Crypto
internal import EventLoop
internal import HTTPClient
internal import JSON
internal import POSIX
internal import Time
internal import Tokens

/// `jobpass verify`: any JWT, verified as a careful relying party would.
enum VerifyCommand {
    static let issuer = Option.value("issuer", "URL", "accept tokens of this issuer, by its published keys")
    static let jwks = Option.value("jwks", "FILE", "accept tokens by the keys of this JWK Set", kind: .file)
    static let audience = Option.value(
        "audience",
        "AUDIENCE",
        "the token must be for this audience",
        letter: "a",
        repeats: true
    )
    static let signatureOnly = Option.flag(
        "signature-only",
        "check the signature alone, of any JWS, and write its payload out as it is"
    )

    static let definition = Command(
        name: "verify",
        summary: "verify a token as a careful relying party would",
        details: [
            "Checks the token's form, its algorithm, its signature by the issuer's published keys, its type, iss, aud, exp, nbf "
                + "and iat, and says which of them is wrong. The token chooses nothing: which issuer is believed is said by "
                + "--issuer, or by JOBPASS_URL where neither --issuer nor --jwks is given; --config means any issuer of a configuration, and "
                + "takes the keys of this host.",
            "Without TOKEN, or with -, the token is read from standard input, where no other user of the machine sees it.",
        ],
        operands: [Command.Operand("TOKEN", "the token, or - for standard input", count: .atMostOne)],
        options: [issuer, jwks, audience, signatureOnly, ConfigurationFile.option, BrokerOptions.authorities, .json],
        examples: [
            Command.Example(
                "jobpass token -a vault.example.com | jobpass verify --issuer https://ci.example.com -a vault.example.com",
                "verify a fresh token from outside"
            ),
            Command.Example(
                "jobpass verify --jwks keys.json --signature-only - < message.jws",
                "check a JWS of any kind"
            ),
        ],
        variables: [
            Command.Note("JOBPASS_URL", "the issuer, where neither --issuer nor --jwks is given"),
            BrokerOptions.authoritiesVariable,
        ],
        exits: [
            Command.Note("0", "the token is good"), Command.Note("65", "it is not, or the JWK Set is none"),
            Command.Note("69", "the issuer's keys could not be fetched"),
            Command.Note("74", "a file could not be read"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let source = try KeySource(invocation)
        let token = try token(invocation)
        let isSignatureOnly = invocation.has(signatureOnly)
        let audiences = invocation.all(audience)
        let rules = VerificationRules(
            issuer: source.issuer(ofToken: token)?.text,
            audiences: audiences.isEmpty ? nil : audiences
        )
        let verdict = try EventLoop.runToCompletion { loop in
            let verifier = TokenVerifier(
                keys: source.keys(ofToken: token, over: HTTPClient(on: loop)),
                rules: rules,
                clock: SystemClock.now
            )
            return try await Progress.note("fetching the issuer's keys", on: loop) { () async throws(CommandError) in
                try await Self.verify(token, by: verifier, isSignatureOnly: isSignatureOnly)
            }
        }
        try verdict.show(invocation)
        if !isSignatureOnly && audiences.isEmpty {
            Console(invocation.environment).warning("for whom the token is was not checked: give --audience")
        }
        return .success
    }

    private static func verify(
        _ token: String,
        by verifier: TokenVerifier,
        isSignatureOnly: Bool
    ) async throws(CommandError) -> Verdict {
        do throws(TokenError) {
            return isSignatureOnly
                ? .signature(try await verifier.verifySignature(token))
                : .token(try await verifier.verify(token))
        } catch {
            if error.code == .unreachable {
                throw CommandError(.unavailable, "the issuer's keys cannot be had: \(error)")
            }
            throw CommandError(.badData, "not valid: \(error)")
        }
    }

    private static func token(_ invocation: Invocation) throws -> String {
        let given = invocation.operands.first ?? "-"
        if given != "-" { return given }
        let bytes = try StandardInput.readAll(limit: 1 << 20)
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
