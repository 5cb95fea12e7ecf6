import Crypto
import Support
import Testing
import Time
import Tokens

/// One ring of ES256 keys whose clock can be turned.
private struct Ring {
    var keys: [IssuerKey]
    var now = UnixTime(seconds: 1_000_000)
    var steps: [String] = []
    var removed: [String] = []
    let rules: KeyRotation.Rules

    init(rotateAfter: Duration? = nil, algorithms: [SignatureAlgorithm] = [.es256], since: UnixTime? = nil) throws {
        rules = KeyRotation.Rules(
            algorithms: algorithms,
            cacheTime: .seconds(300),
            tokenLifetime: .seconds(3_600),
            rotateAfter: rotateAfter
        )
        keys = [IssuerKey(try SigningKey.generate(for: .es256), KeyLife(.active, since: since))]
    }

    mutating func change(_ body: (inout KeyRotation) throws(TokenError) -> Void) throws(TokenError) {
        var rotation = KeyRotation(keys, rules, at: now)
        try body(&rotation)
        keys = rotation.keys
        steps += rotation.steps.map(\.reason)
        removed += rotation.removed.map(\.kid)
    }

    mutating func prepare() throws -> String {
        let key = try SigningKey.generate(for: .es256)
        try change { $0.prepare(key) }
        return JWK.thumbprint(of: key.publicKey.components)
    }

    mutating func see(_ kids: Set<String>, copies: Int = 1, cacheTime: Duration = .zero) throws(TokenError) {
        try change { (rotation: inout KeyRotation) throws(TokenError) in
            rotation.observe(served: kids, copies: copies, cacheTime: cacheTime)
        }
    }

    mutating func advance() throws(TokenError) {
        try change { (rotation: inout KeyRotation) throws(TokenError) in rotation.advance() }
    }

    mutating func activate(_ kid: String, whenReady: Bool = false) throws(TokenError) {
        try change { (rotation: inout KeyRotation) throws(TokenError) in
            try rotation.activate(kid, whenReady: whenReady)
        }
    }

    func state(_ kid: String) -> KeyLife.State? { keys.first { $0.kid == kid }?.life.state }
    var all: Set<String> { Set(keys.map(\.kid)) }
    var signing: String? { try? IssuerKeys(keys).signing(.es256)?.kid }
    var published: Set<String> { Set((try? IssuerKeys(keys))?.published.keys.compactMap(\.kid) ?? []) }
}

@Suite("A signing key's life")
struct KeyRotationTests {
    @Test(
        "a key signs after every copy has served it for a cache time, and the old one stays until its last token is over"
    )
    func wholeLife() throws {
        var ring = try Ring()
        let old = try #require(ring.signing)
        let new = try ring.prepare()
        #expect(ring.published == [old, new])
        #expect(ring.signing == old)
        #expect(throws: TokenError.self) { try ring.activate(new) }
        try ring.see(ring.all)
        #expect(ring.state(new) == .published)
        ring.now = ring.now + .seconds(299)
        #expect(throws: TokenError.self) { try ring.activate(new) }
        #expect(ring.signing == old)
        ring.now = ring.now + .seconds(1)
        try ring.activate(new)
        #expect(ring.signing == new)
        #expect(ring.state(old) == .retiring)
        #expect(ring.published == [old, new])
        // An hour of tokens, and five minutes of clocks that run behind.
        ring.now = ring.now + .seconds(3_899)
        try ring.advance()
        #expect(ring.published == [old, new])
        ring.now = ring.now + .seconds(1)
        try ring.advance()
        #expect(ring.published == [new])
        #expect(ring.removed == [old])
        #expect(ring.steps.count == 5)
    }

    @Test("a copy that does not serve it holds the gate, and so does one that stopped")
    func gateHolds() throws {
        var ring = try Ring()
        let old = try #require(ring.signing)
        let new = try ring.prepare()
        for _ in 0..<10 {
            ring.now = ring.now + .seconds(600)
            try ring.see([old], copies: 2)
            try ring.advance()
        }
        #expect(ring.state(new) == .prepared)
        try ring.see(ring.all, copies: 2)
        ring.now = ring.now + .seconds(200)
        try ring.see([old], copies: 2)
        #expect(ring.state(new) == .prepared)
        ring.now = ring.now + .seconds(200)
        try ring.see(ring.all, copies: 2)
        // The time runs anew: a copy of the keys from before was fetched a moment ago.
        ring.now = ring.now + .seconds(299)
        #expect(throws: TokenError.self) { try ring.activate(new) }
        #expect(ring.signing == old)
    }

    @Test("a copy that may be cached for longer than ours makes the wait as long")
    func longerCache() throws {
        var ring = try Ring()
        let new = try ring.prepare()
        try ring.see(ring.all, copies: 2, cacheTime: .seconds(3_600))
        ring.now = ring.now + .seconds(3_599)
        #expect(throws: TokenError.self) { try ring.activate(new) }
        ring.now = ring.now + .seconds(1)
        try ring.activate(new)
    }

    @Test("a key that is wanted signs as soon as it may, by itself")
    func wanted() throws {
        var ring = try Ring()
        let new = try ring.prepare()
        try ring.activate(new, whenReady: true)
        try ring.see(ring.all)
        try ring.advance()
        #expect(ring.state(new) == .published)
        ring.now = ring.now + .seconds(300)
        try ring.advance()
        #expect(ring.signing == new)
    }

    @Test("rotate_after makes one successor, which signs when it may; a key of unknown age is as old as the first look")
    func automatic() throws {
        var ring = try Ring(rotateAfter: .seconds(86_400))
        let old = try #require(ring.signing)
        try ring.advance()
        ring.now = ring.now + .seconds(86_399)
        #expect(KeyRotation(ring.keys, ring.rules, at: ring.now).due.isEmpty)
        ring.now = ring.now + .seconds(1)
        #expect(KeyRotation(ring.keys, ring.rules, at: ring.now).due == [.es256])
        let new = try ring.prepare()
        #expect(KeyRotation(ring.keys, ring.rules, at: ring.now).due.isEmpty)
        try ring.see(ring.all)
        ring.now = ring.now + .seconds(300)
        try ring.advance()
        #expect(ring.signing == new)
        #expect(ring.state(old) == .retiring)
        #expect(KeyRotation(ring.keys, ring.rules, at: ring.now).due.isEmpty)
    }

    @Test(
        "what never signed is retired at once; what signs alone for a configured algorithm is not; a retiring key in its time"
    )
    func retires() throws {
        var ring = try Ring()
        let old = try #require(ring.signing)
        let never = try ring.prepare()
        #expect(throws: TokenError.self) {
            try ring.change { (r: inout KeyRotation) throws(TokenError) in try r.retire(old) }
        }
        try ring.change { (r: inout KeyRotation) throws(TokenError) in try r.retire(never) }
        #expect(ring.all == [old])
        let new = try ring.prepare()
        try ring.see(ring.all)
        ring.now = ring.now + .seconds(300)
        try ring.activate(new)
        #expect(throws: TokenError.self) {
            try ring.change { (r: inout KeyRotation) throws(TokenError) in try r.retire(old) }
        }
        ring.now = ring.now + .seconds(3_900)
        try ring.change { (r: inout KeyRotation) throws(TokenError) in try r.retire(old) }
        #expect(ring.all == [new])
    }

    @Test("an algorithm that is configured no more may lose its last key, once its tokens are over")
    func lastOfItsKind() throws {
        var ring = try Ring(algorithms: [.rs256])
        let old = try #require(ring.signing)
        try ring.change { (r: inout KeyRotation) throws(TokenError) in try r.retire(old) }
        #expect(ring.state(old) == .retiring)
        #expect(ring.signing == nil)
        ring.now = ring.now + .seconds(3_900)
        try ring.advance()
        #expect(ring.all.isEmpty)
    }

    @Test("a revoked key is gone at once, and the furthest successor signs, else a new one")
    func revokes() throws {
        var ring = try Ring()
        let spare = try SigningKey.generate(for: .es256)
        let stolen = try #require(ring.signing)
        let prepared = try ring.prepare()
        try ring.change { (r: inout KeyRotation) throws(TokenError) in
            try r.revoke(stolen) { _ throws(TokenError) in spare }
        }
        #expect(ring.signing == prepared)
        #expect(ring.all == [prepared])
        try ring.change { (r: inout KeyRotation) throws(TokenError) in
            try r.revoke(prepared) { _ throws(TokenError) in spare }
        }
        #expect(ring.signing == JWK.thumbprint(of: spare.publicKey.components))
        #expect(ring.removed == [stolen, prepared])
    }

    @Test("a key is called by its kid or its first eight characters, and by nothing shorter")
    func names() throws {
        var ring = try Ring()
        let new = try ring.prepare()
        try ring.activate(String(new.prefix(8)), whenReady: true)
        for name in ["", String(new.prefix(7)), "nobody's"] {
            #expect { try ring.activate(name) } throws: { ($0 as? TokenError)?.code == .key }
        }
    }
}
