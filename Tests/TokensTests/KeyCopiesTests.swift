import Crypto
import HTTP
import JSON
import Support
import Testing
import Time
import Tokens

@Suite("Copies of an issuer's keys")
struct KeyCopiesTests {
    private let url: IssuerURL
    private let keys: IssuerKeys

    init() throws {
        url = try IssuerURL("https://ci.example.com")
        keys = try IssuerKeys.generate(for: [.es256, .edDSA])
    }

    private func copies(_ ring: IssuerRing = .trusted) -> KeyCopies {
        KeyCopies(
            of: ring == .trusted ? url : url.untrusted,
            ring: ring,
            mirrors: ["https://keys.example.com/", "https://bucket.example.com/path"],
            certificateAuthorities: nil
        )
    }

    @Test("each ring's copies are the issuer's own URL and those below each mirror")
    func places() {
        #expect(
            copies().urls == [
                "https://ci.example.com/.well-known/jwks.json", "https://keys.example.com/.well-known/jwks.json",
                "https://bucket.example.com/path/.well-known/jwks.json",
            ]
        )
        #expect(
            copies(.untrusted).urls == [
                "https://ci.example.com/untrusted/.well-known/jwks.json",
                "https://keys.example.com/untrusted/.well-known/jwks.json",
                "https://bucket.example.com/path/untrusted/.well-known/jwks.json",
            ]
        )
    }

    @Test("what every copy serves counts, and a copy that is stale, away or broken serves nothing of it")
    func served() async throws {
        let server = FakeIssuer()
        let whole = keys.published.json.serialized()
        let one = JSON.object(["keys": .array([keys.all[0].jwk.json])]).serialized()
        for url in copies().urls { server[url] = .document(whole) }
        let all = Set(keys.all.map(\.kid))
        #expect(KeyCopies.served(by: await copies().look(over: server)) == all)
        server[copies().urls[1]] = .document(one)
        #expect(KeyCopies.served(by: await copies().look(over: server)) == [keys.all[0].kid])
        for answer: FakeIssuer.Answer in [.status(500), .failure(.connection), .document(Array("{".utf8))] {
            server[copies().urls[2]] = answer
            let seen = await copies().look(over: server)
            #expect(KeyCopies.served(by: seen).isEmpty)
            #expect(seen[2].failure != nil)
        }
    }

    @Test("a key under another key's name is not served")
    func misnamed() async throws {
        let server = FakeIssuer()
        var json = try #require(keys.all[0].jwk.json.asObject)
        json["kid"] = .string(keys.all[1].kid)
        for url in copies().urls { server[url] = .document(JSON.object(["keys": [.object(json)]]).serialized()) }
        #expect(KeyCopies.served(by: await copies().look(over: server)).isEmpty)
    }

    @Test(
        "the longest time that a copy may be cached counts",
        arguments: [("public, max-age=900", 900), ("no-cache", 0), ("Max-Age=31536000", 86_400)]
    )
    func cacheTime(field: String, seconds: Int64) async throws {
        let body = keys.published.json.serialized()
        let response = HTTPResponse(status: 200, fields: ["Cache-Control": field], body: body)
        let network = FakeTransport([.answer(response, after: .zero)])
        let seen = await copies().look(over: network)
        #expect(KeyCopies.cacheTime(of: seen) == .seconds(seconds))
    }
}
