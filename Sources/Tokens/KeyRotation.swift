package import Crypto
package import Time

/// One ring's keys and what becomes of them: a state machine that answers what changed, and touches no file and no network.
///
/// The contract's third promise is kept here: a key is active only after every published copy has served it for as long as
/// copies may be cached, and it stays published until the last token that it signed has expired.
package struct KeyRotation: Sendable {
    /// What the configuration says of keys.
    package struct Rules: Sendable {
        /// What tokens may be signed with.
        package let algorithms: [SignatureAlgorithm]
        /// For how long a copy of the keys may be used.
        package let cacheTime: Duration
        /// The longest that a token lives.
        package let tokenLifetime: Duration
        /// The age at which a key is to be replaced; nil for never.
        package let rotateAfter: Duration?

        /// Gathers the rules.
        package init(
            algorithms: [SignatureAlgorithm],
            cacheTime: Duration,
            tokenLifetime: Duration,
            rotateAfter: Duration?
        ) {
            self.algorithms = algorithms
            self.cacheTime = cacheTime
            self.tokenLifetime = tokenLifetime
            self.rotateAfter = rotateAfter
        }
    }

    /// One change, for the ledger.
    package struct Step: Sendable {
        package let key: IssuerKey
        /// Such as `prepared`, `active since the last of 2 copies served it for 5m`.
        package let reason: String
    }

    /// How long after a token's end a relying party's clock may still take it: AWS allows five minutes.
    package static let leeway = Duration.seconds(300)

    package private(set) var keys: [IssuerKey]
    /// Those that are in the ring no more.
    package private(set) var removed: [IssuerKey] = []
    package private(set) var steps: [Step] = []
    private let rules: Rules
    private let now: UnixTime

    /// Begins with a ring as it stands.
    package init(_ keys: [IssuerKey], _ rules: Rules, at now: UnixTime) {
        self.keys = keys
        self.rules = rules
        self.now = now
    }

    /// Adds a new key, which is published from now on and does not sign.
    package mutating func prepare(_ key: SigningKey) {
        let new = IssuerKey(key, KeyLife(.prepared, since: now))
        keys.append(new)
        isChanged = true
        steps.append(Step(key: new, reason: "prepared: in the issuer's own key set from now on"))
    }

    /// Takes note of which keys every published copy serves, and for how long copies may be cached.
    package mutating func observe(served kids: Set<String>, copies: Int, cacheTime: Duration) {
        for key in keys {
            switch key.life.state {
            case .prepared where kids.contains(key.kid):
                let cached = max(cacheTime, rules.cacheTime)
                change(
                    key,
                    KeyLife(.published, since: now, until: now + cached, isWanted: key.life.isWanted),
                    "published: served by \(copies == 1 ? "its one copy" : "each of \(copies) copies"), which may be cached for \(cached.text)"
                )
            case .published where !kids.contains(key.kid):
                change(
                    key,
                    KeyLife(.prepared, since: now, isWanted: key.life.isWanted),
                    "prepared again: a copy serves it no more"
                )
            case .prepared, .published, .active, .retiring: break
            }
        }
    }

    /// Why a key may not sign yet; nil where it may.
    package func hold(of key: IssuerKey) -> String? {
        switch key.life.state {
        case .prepared: return "not every published copy has been seen to serve it"
        case .published:
            guard let until = key.life.until, until <= now else {
                let end = key.life.until.map(RFC3339.format) ?? "an unknown time"
                return "copies of the keys from before may be cached until \(end)"
            }
            return nil
        case .active: return "it signs already"
        case .retiring: return "it has signed before, and another took its place"
        }
    }

    /// Lets a key sign, and retires the one that signed; where `whenReady` it will sign as soon as it may.
    ///
    /// - Throws: `TokenError` with code `keyLife` where it may not, which says why.
    package mutating func activate(_ kid: String, whenReady: Bool = false) throws(TokenError) {
        let key = try find(kid)
        guard let hold = hold(of: key) else {
            return take(over: key, "active: published, and every cached copy is over")
        }
        guard whenReady, key.life.state == .prepared || key.life.state == .published else {
            throw TokenError(
                .keyLife,
                "key \(kid)",
                seen: "\(key.life.state.rawValue): \(hold)",
                wanted: "a key that may sign"
            )
        }
        guard !key.life.isWanted else { return }
        let life = KeyLife(key.life.state, since: key.life.since, until: key.life.until, isWanted: true)
        change(key, life, "to be active as soon as it may: \(hold)")
    }

    /// Takes a key out of service: one that never signed at once, one that signed when its last token has expired.
    ///
    /// - Throws: `TokenError` with code `keyLife` for the only key that signs with an algorithm that is configured.
    package mutating func retire(_ kid: String) throws(TokenError) {
        let key = try find(kid)
        switch key.life.state {
        case .prepared, .published: remove(key, "retired: it never signed")
        case .active:
            guard !rules.algorithms.contains(key.key.algorithm) else {
                throw TokenError(
                    .keyLife,
                    "key \(kid)",
                    seen: "the one that signs with \(key.key.algorithm.rawValue), which keys.algorithms names",
                    wanted: "another to be activated, which retires this one; or revoke it"
                )
            }
            change(key, retiring, "retiring: it signs no more")
        case .retiring:
            guard let until = key.life.until, until <= now else {
                let end = key.life.until.map(RFC3339.format) ?? "later"
                throw TokenError(
                    .keyLife,
                    "key \(kid)",
                    seen: "tokens of its that live until \(end)",
                    wanted: "their end; or revoke it, and they are refused as soon as copies are over"
                )
            }
            remove(key, "retired: its last token has expired")
        }
    }

    /// Withdraws a key at once, whatever it signed; where it was the one that signs, another takes its place at once.
    ///
    /// The successor is the key that is furthest, or `spare`: who waits for the gate goes on trusting a stolen key.
    ///
    /// - Throws: `TokenError` with code `keyLife` where there is no such key.
    package mutating func revoke(
        _ kid: String,
        spare: (SignatureAlgorithm) throws(TokenError) -> SigningKey
    ) throws(TokenError) {
        let key = try find(kid)
        remove(key, "revoked: in no key set of the issuer's from now on")
        let algorithm = key.key.algorithm
        guard key.life.state == .active, rules.algorithms.contains(algorithm) else { return }
        let waiting = keys.filter { $0.key.algorithm == algorithm }
        let next = waiting.first { $0.life.state == .published } ?? waiting.first { $0.life.state == .prepared }
        if let next { return take(over: next, "active at once, in the place of the revoked \(kid)") }
        let new = IssuerKey(try spare(algorithm), KeyLife(.active, since: now))
        keys.append(new)
        steps.append(Step(key: new, reason: "made and active at once, in the place of the revoked \(kid)"))
    }

    /// The algorithms whose key is old enough to be replaced, with no other to replace it.
    package var due: [SignatureAlgorithm] {
        keys.filter { key in
            isOld(key)
                && !keys.contains {
                    $0.key.algorithm == key.key.algorithm && $0.life.state != .active && $0.life.state != .retiring
                }
        }.map(\.key.algorithm)
    }

    /// Does what time alone does: keys that are wanted and may sign do, and those whose last token has expired go.
    package mutating func advance() {
        for key in keys where key.life.state == .active && key.life.since == nil && rules.rotateAfter != nil {
            // A key whose age nobody wrote down is as old as this look at it.
            replace(key, KeyLife(.active, since: now))
        }
        for key in keys where key.life.state == .published && hold(of: key) == nil {
            let isDue = keys.contains { isOld($0) && $0.key.algorithm == key.key.algorithm }
            if key.life.isWanted || isDue { take(over: key, "active: published, and every cached copy is over") }
        }
        for key in keys where key.life.state == .retiring {
            if let until = key.life.until, until <= now { remove(key, "retired: its last token has expired") }
        }
    }

    /// Whether anything is other than it was.
    package private(set) var isChanged = false
}

extension KeyRotation {
    private var retiring: KeyLife { KeyLife(.retiring, since: now, until: now + rules.tokenLifetime + Self.leeway) }

    private func isOld(_ key: IssuerKey) -> Bool {
        guard key.life.state == .active, let rotateAfter = rules.rotateAfter, let since = key.life.since else {
            return false
        }
        return now - since >= rotateAfter
    }

    /// Whether a key of the ring is called so.
    package func has(_ kid: String) -> Bool { keys.contains { $0.isCalled(kid) } }

    private func find(_ kid: String) throws(TokenError) -> IssuerKey {
        let found = keys.filter { $0.isCalled(kid) }
        guard found.count == 1 else {
            throw TokenError(
                .key,
                "kid",
                seen: "'\(kid)'",
                wanted: "one of \(keys.map(\.kid).joined(separator: ", ")), or its first eight characters"
            )
        }
        return found[0]
    }

    /// Lets a key sign in the place of the one that does.
    private mutating func take(over key: IssuerKey, _ reason: String) {
        for other in keys where other.life.state == .active && other.key.algorithm == key.key.algorithm {
            change(other, retiring, "retiring: \(key.kid) signs in its place")
        }
        change(key, KeyLife(.active, since: now), reason)
    }

    private mutating func change(_ key: IssuerKey, _ life: KeyLife, _ reason: String) {
        let new = replace(key, life)
        steps.append(Step(key: new, reason: reason))
    }

    @discardableResult
    private mutating func replace(_ key: IssuerKey, _ life: KeyLife) -> IssuerKey {
        let new = key.living(life)
        keys = keys.map { $0.kid == key.kid ? new : $0 }
        isChanged = true
        return new
    }

    private mutating func remove(_ key: IssuerKey, _ reason: String) {
        keys.removeAll { $0.kid == key.kid }
        removed.append(key)
        steps.append(Step(key: key, reason: reason))
        isChanged = true
    }
}
