import Exchange
import HTTP
import Ledger
import Support
import Testing

@Suite("What a failure means")
struct FailureTests {
    /// An outcome of a request, the kind of failure that it is, its code, and how often it is asked for.
    struct Case: CustomTestStringConvertible, Sendable {
        let reply: FakeTransport.Reply
        let kind: ExchangeFailure.Kind
        let code: String
        let tries: Int

        var testDescription: String { "\(code) (\(kind))" }

        init(_ reply: FakeTransport.Reply, _ kind: ExchangeFailure.Kind, _ code: String, tries: Int = 1) {
            self.reply = reply
            self.kind = kind
            self.code = code
            self.tries = tries
        }

        /// An error as AWS STS writes it.
        static func sts(_ status: Int, _ code: String, _ kind: ExchangeFailure.Kind, tries: Int = 1) -> Case {
            let body = """
                <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>\(code)</Code>\
                <Message>the text of \(code)</Message></Error><RequestId>4af1f8f4</RequestId></ErrorResponse>
                """
            return Case(.status(status, body), kind, code, tries: tries)
        }
    }

    static let network: [Case] = [
        Case(.failing(.nameLookup), .outage, "name-lookup", tries: 4),
        Case(.failing(.connection), .outage, "connection", tries: 4),
        Case(.failing(.tls), .outage, "tls", tries: 4), Case(.failing(.timeout), .outage, "timeout", tries: 4),
        // An outage for the fallback, but another certificate is not to be expected within seconds.
        Case(.failing(.certificate), .outage, "certificate"), Case(.failing(.badURL), .misconfigured, "url"),
        Case(.failing(.tooLarge), .brokenAnswer, "too-large"), Case(.failing(.badResponse), .brokenAnswer, "no-http"),
        Case(.failing(.cancelled), .cancelled, "cancelled"),
    ]

    static let statuses: [Case] = [
        Case(.status(500), .outage, "http-500", tries: 4), Case(.status(502, "<html>"), .outage, "http-502", tries: 4),
        Case(.status(503), .outage, "http-503", tries: 4), Case(.status(504), .outage, "http-504", tries: 4),
        Case(.status(429), .outage, "http-429", tries: 4), Case(.status(400), .refused, "http-400"),
        Case(.status(401), .refused, "http-401"), Case(.status(403, "<html>"), .refused, "http-403"),
        Case(.status(408), .refused, "http-408"), Case(.status(301), .brokenAnswer, "http-301"),
        Case(.status(307, "", fields: ["Location": "https://evil.example/"]), .brokenAnswer, "http-307"),
        Case(.status(201), .brokenAnswer, "http-201"), Case(.status(204), .brokenAnswer, "http-204"),
        Case(.status(101), .brokenAnswer, "http-101"), Case(.status(599), .outage, "http-599", tries: 4),
    ]

    /// The codes of protocols.md, section 1.1.
    static let sts: [Case] = [
        .sts(400, "InvalidIdentityToken", .refused), .sts(400, "ExpiredTokenException", .refused),
        .sts(403, "IDPRejectedClaim", .refused), .sts(403, "AccessDenied", .refused),
        .sts(400, "SomethingNew", .refused), .sts(400, "IDPCommunicationError", .outage, tries: 4),
        .sts(400, "Throttling", .outage, tries: 4), .sts(400, "ThrottlingException", .outage, tries: 4),
        .sts(400, "MalformedPolicyDocument", .misconfigured), .sts(400, "PackedPolicyTooLarge", .misconfigured),
        .sts(403, "RegionDisabledException", .misconfigured), .sts(400, "ValidationError", .misconfigured),
    ]

    @Test(
        "a failure has the kind that decides what may follow, and is asked for again in an outage alone",
        arguments: network + statuses + sts
    )
    func kinds(_ failing: Case) async throws {
        let harness = try TradeHarness([failing.reply])
        let failure = try #require(try await harness.failure(at: awsTarget()))
        #expect(failure.kind == failing.kind)
        #expect(failure.code == failing.code)
        #expect(failure.attempts == failing.tries)
        #expect(harness.network.requests.count == failing.tries)
        #expect(failure.isTimeout == (failing.code == "timeout"))
    }

    @Test(
        "the network's failures and the statuses mean the same at every type's cloud",
        arguments: network + statuses.filter { $0.code != "http-201" },
        AnyTarget.allCases
    )
    func everywhere(_ failing: Case, _ type: AnyTarget) async throws {
        let harness = try TradeHarness([failing.reply])
        let failure = try #require(try await harness.failure(at: type.target()))
        #expect(failure.kind == failing.kind)
        #expect(failure.code == failing.code)
        #expect(failure.attempts == failing.tries)
    }

    /// What a server that misbehaves answers 200 with.
    static let garbage = [
        "", "{", "[]", "null", "\u{0}", "<html>hello</html>", "{\"access_token\":\"x\"", "{\"access_token\":7}",
        "<!DOCTYPE x [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><x>&b;</x>",
        "{\"access_token\":\"a\",\"access_token\":\"b\",\"expires_in\":60}",
        String(repeating: "[", count: 100_000), "{\"access_token\":\"\u{e9}\",\"expires_in\":60}",
    ]

    @Test(
        "an answer that is none of the service's is broken at every type's cloud",
        arguments: garbage,
        AnyTarget.allCases
    )
    func brokenEverywhere(_ body: String, _ type: AnyTarget) async throws {
        let harness = try TradeHarness([.status(200, body)])
        let failure = try #require(try await harness.failure(at: type.target()))
        #expect(failure.kind == .brokenAnswer)
        #expect(harness.network.requests.count == 1)
    }

    @Test("AWS's own code, text and request are kept")
    func text() async throws {
        let harness = try TradeHarness([Case.sts(403, "AccessDenied", .refused).reply])
        let failure = try #require(try await harness.failure(at: awsTarget()))
        #expect(failure.description == "AccessDenied: the text of AccessDenied (AWS request 4af1f8f4)")
    }

    @Test("a redirect is told with where it points, without the query")
    func redirect() async throws {
        let fields: HTTPFields = ["Location": "https://active.example:8200/v1/auth/jwt/login?token=geheim"]
        let harness = try TradeHarness([.status(307, "", fields: fields)])
        let failure = try #require(try await harness.failure(at: vaultTarget()))
        #expect(
            failure.message == "redirects are not followed; it points to https://active.example:8200/v1/auth/jwt/login"
        )
    }

    @Test("each kind has its entry")
    func entries() {
        let entries = ExchangeFailure.Kind.allCases.map { kind in
            let failure = ExchangeFailure(kind, code: "c", message: "m")
            return "\(kind.rawValue) \(failure.entryKind.rawValue) \(failure.outcome.rawValue)"
        }
        #expect(
            entries == [
                "refused exchange.refused refused", "outage exchange.failed failed",
                "misconfigured exchange.refused refused", "broken_answer exchange.failed failed",
                "cancelled exchange.failed failed",
            ]
        )
    }
}

@Suite("What others say, before we repeat it")
struct CloudTextTests {
    private func shown(_ message: String) -> String {
        ExchangeFailure(.refused, code: "AccessDenied", message: message).message
    }

    @Test("a text becomes one line without what a terminal or a log would obey")
    func oneLine() {
        #expect(shown("no\r\n\r\n  such\trole\u{1B}[31m \u{202E}evil\u{2028}x\u{0}") == "no such role [31m evil x")
        #expect(shown("") == "")
        #expect(shown("grün €") == "grün €")
    }

    @Test("a long text is cut between characters")
    func cut() {
        let long = shown(String(repeating: "wörter ", count: 400))
        #expect(long.hasSuffix("…"))
        #expect(long.utf8.count <= 603)
        #expect(shown(String(repeating: "ab ", count: 200)) == String(repeating: "ab ", count: 199) + "ab")
    }

    @Test("our token is not repeated, whole or in parts, however it is wrapped")
    func token() async throws {
        let harness = try TradeHarness([.status(403)])
        _ = try await harness.failure(at: awsTarget())
        let token = harness.sentToken()
        let parts = token.split(separator: ".").map(String.init)
        #expect(token.utf8.count > 300 && parts.count == 3)
        for text in [
            token, "'\(token)'", "jwt=\(token)&x", "token:\(token),", parts[0], parts[1], parts[2], parts[1] + ".",
            "Bearer \(token.dropLast(40))", "{\"jwt\":\"\(token)\"}", "\(parts[0])\n.\(parts[1])",
        ] {
            let line = shown("the token \(text) is not valid")
            #expect(line.contains("[removed]"))
            for part in parts { #expect(!line.contains(part.prefix(12)), "\(line)") }
        }
    }

    @Test("a token in AWS's own error does not come through")
    func echoed() async throws {
        let probe = try TradeHarness([.status(403)])
        _ = try await probe.failure(at: awsTarget())
        let token = probe.sentToken()
        let body =
            "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>bad \(token)</Message></Error></ErrorResponse>"
        let failure = try #require(try await TradeHarness([.status(400, body)]).failure(at: awsTarget()))
        #expect(failure.code == "InvalidIdentityToken")
        #expect(failure.message == "bad [removed].[removed].[removed]")
    }

    @Test("what is no token stays: names, request ids, hosts")
    func kept() {
        for text in [
            "arn:aws:sts::123456789012:assumed-role/deploy/acme-web.deploy.release@run_4711",
            "request ad4156e9-bce1-11e2-82e6-6b6ef249b618",
            "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
            "role \"nope\" could not be found", "eyJ is a prefix",
        ] {
            #expect(shown(text) == text)
        }
    }

    @Test(
        "a code that is no code is none",
        arguments: ["", "a b", "<x>", "Ünknown", String(repeating: "x", count: 65)]
    )
    func codes(_ code: String) {
        #expect(ExchangeFailure(.refused, code: code, message: "").code == "unknown")
    }
}
