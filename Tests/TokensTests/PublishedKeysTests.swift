import Crypto
import HTTP
import JSON
import Support
import Testing
import Time
import Tokens

/// A relying party that fetches the keys of `https://ci.example.com` from a fake server.
private struct Party {
    let clock = TestClock()
    let server = FakeIssuer()
    let url: IssuerURL
    let keys: PublishedKeys

    init(_ url: String = "https://ci.example.com") throws {
        self.url = try IssuerURL(url)
        keys = PublishedKeys(of: self.url, transport: server, clock: clock.wall)
    }

    /// Publishes a new issuer with a key of its own.
    @discardableResult
    func publish() throws -> Issuer {
        let issuer = Issuer(url: url, keys: try IssuerKeys.generate(for: [.es256]))
        server.publish(issuer)
        return issuer
    }

    func goDown() {
        server[url.discovery] = .failure(.connection)
        server[url.keys] = .failure(.connection)
    }

    func refusal(needsOthers: Bool = false) async -> TokenError? {
        do throws(TokenError) {
            _ = try await keys.keys(needsOthers: needsOthers)
            return nil
        } catch { return error }
    }
}

@Suite("Published keys: fetching")
struct PublishedKeysFetchTests {
    @Test("keys are fetched through discovery, once")
    func fetch() async throws {
        let party = try Party()
        let issuer = try party.publish()
        #expect(try await party.keys.keys() == issuer.keys.published)
        #expect(try await party.keys.keys() == issuer.keys.published)
        #expect(
            party.server.requests == [
                "https://ci.example.com/.well-known/openid-configuration",
                "https://ci.example.com/.well-known/jwks.json",
            ]
        )
    }

    @Test(
        "a discovery document that is not this issuer's, or points elsewhere than https, is refused",
        arguments: [
            "", "[]", "text", #"{"jwks_uri":"https://ci.example.com/k"}"#,
            #"{"issuer":"https://ci.example.com/","jwks_uri":"https://ci.example.com/k"}"#,
            #"{"issuer":"https://evil.example","jwks_uri":"https://ci.example.com/k"}"#,
            #"{"issuer":"https://ci.example.com"}"#, #"{"issuer":"https://ci.example.com","jwks_uri":1}"#,
            #"{"issuer":"https://ci.example.com","jwks_uri":"http://ci.example.com/k"}"#,
            #"{"issuer":"https://ci.example.com","jwks_uri":"http://127.0.0.1/k"}"#,
            #"{"issuer":"https://ci.example.com","jwks_uri":"file:///etc/passwd"}"#,
            #"{"issuer":"https://ci.example.com","issuer":"https://ci.example.com","jwks_uri":"https://ci.example.com/k"}"#,
        ]
    )
    func badDiscovery(text: String) async throws {
        let party = try Party()
        party.server[party.url.discovery] = .document(Array(text.utf8))
        #expect(await party.refusal()?.code == .discovery)
        #expect(party.server.requests.count == 1)
    }

    @Test("keys may be on another host and behind a query, and on loopback for an issuer there")
    func elsewhere() async throws {
        for (issuer, uri) in [
            ("https://ci.example.com", "https://keys.example.net/k?set=1"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:9/k"),
        ] {
            let party = try Party(issuer)
            let published = try party.publish()
            let document: JSON = ["issuer": .string(issuer), "jwks_uri": .string(uri)]
            party.server[party.url.discovery] = .document(document.serialized())
            party.server[uri] = .document(published.keyDocument.body)
            #expect(try await party.keys.keys() == published.keys.published)
        }
    }

    @Test(
        "an answer that may be better later is an outage, any other is how the issuer is set up",
        arguments: [
            (.failure(.connection), .unreachable), (.failure(.timeout), .unreachable),
            (.failure(.certificate), .unreachable),
            (.status(503), .unreachable), (.status(429), .unreachable), (.status(404), .discovery),
            (.status(301), .discovery),
            (.status(204), .discovery), (.document([]), .discovery),
            (.document(Array(#"{"keys":1}"#.utf8)), .discovery),
            (.document([UInt8](repeating: 32, count: 600_000)), .unreachable),
        ] as [(FakeIssuer.Answer, TokenError.Code)]
    )
    func failures(answer: FakeIssuer.Answer, code: TokenError.Code) async throws {
        let party = try Party()
        try party.publish()
        party.server[party.url.keys] = answer
        #expect(await party.refusal()?.code == code)
    }
}

@Suite("Published keys: keeping")
struct PublishedKeysCacheTests {
    @Test("many who ask at once share one fetch, and one who gives up takes nothing from the others")
    func singleFlight() async throws {
        let party = try Party()
        let issuer = try party.publish()
        party.server.hold()
        let first = Task { try await party.keys.keys() }
        await party.server.requestsReach(1)
        let others = (0..<20).map { _ in Task { try await party.keys.keys() } }
        first.cancel()
        party.server.release()
        for task in others { #expect(try await task.value == issuer.keys.published) }
        #expect(party.server.requests.count == 2)
    }

    @Test("keys older than five minutes are fetched again")
    func lifetime() async throws {
        let party = try Party()
        try party.publish()
        _ = try await party.keys.keys()
        let renewed = try party.publish()
        party.clock.advance(by: .seconds(299))
        #expect(try await party.keys.keys() != renewed.keys.published)
        party.clock.advance(by: .seconds(1))
        #expect(try await party.keys.keys() == renewed.keys.published)
        #expect(party.server.requests.count == 4)
    }

    @Test(
        "a token of a new key makes the keys be fetched again, and tokens with invented names at most every ten seconds"
    )
    func unknownKey() async throws {
        let party = try Party()
        try party.publish()
        _ = try await party.keys.keys()
        party.clock.advance(by: .seconds(10))
        let renewed = try party.publish()
        let signer = TokenSigner(trusted: renewed, untrusted: renewed, clock: party.clock.wall)
        let token = try await Issuers.release(try signer.sign(try .sample(algorithm: .es256)))
        let rules = VerificationRules(issuer: "https://ci.example.com", audiences: ["sts.amazonaws.com"])
        let verifier = TokenVerifier(keys: .published(party.keys), rules: rules, clock: party.clock.wall)
        #expect(await verifier.refusal(of: token) == nil)
        #expect(party.server.requests.count == 4)
        let invented = try Forger().token(header: ["kid": "invented"])
        for _ in 0..<50 { #expect(await verifier.refusal(of: invented)?.code == .key) }
        #expect(party.server.requests.count == 4)
        party.clock.advance(by: .seconds(10))
        for _ in 0..<50 { #expect(await verifier.refusal(of: invented)?.code == .key) }
        #expect(party.server.requests.count == 6)
        #expect(await verifier.refusal(of: token) == nil)
    }

    @Test("while the issuer is down its last keys serve for an hour, and then no more")
    func stale() async throws {
        let party = try Party()
        let issuer = try party.publish()
        _ = try await party.keys.keys()
        party.goDown()
        party.clock.advance(by: .seconds(3_599))
        #expect(try await party.keys.keys() == issuer.keys.published)
        #expect(party.server.requests.count == 3)
        party.clock.advance(by: .seconds(1))
        #expect(await party.refusal()?.code == .unreachable)
        party.server.publish(issuer)
        #expect(await party.refusal()?.code == .unreachable)
        party.clock.advance(by: .seconds(10))
        #expect(try await party.keys.keys() == issuer.keys.published)
    }

    @Test("an issuer that was never reached is asked again after ten seconds, and meanwhile refused at once")
    func neverReached() async throws {
        let party = try Party()
        party.goDown()
        for _ in 0..<5 { #expect(await party.refusal()?.code == .unreachable) }
        #expect(party.server.requests.count == 1)
        let issuer = try party.publish()
        party.clock.advance(by: .seconds(10))
        #expect(try await party.keys.keys() == issuer.keys.published)
    }

    @Test("a clock that is turned back makes keys be fetched again, not be fresh for ever")
    func clockBack() async throws {
        let party = try Party()
        try party.publish()
        _ = try await party.keys.keys()
        party.clock.advance(by: .seconds(-3_600))
        let renewed = try party.publish()
        #expect(try await party.keys.keys() == renewed.keys.published)
    }
}
