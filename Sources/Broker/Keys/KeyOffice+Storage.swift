internal import Crypto
package import JSON
internal import Time
internal import Tokens

/// How the office gets at keys, and what it tells of them.
extension KeyOffice {
    /// Every key and how far its life has come, with what keeps those that wait.
    package func list() async throws(Problem) -> JSON {
        let rings = try await load()
        var list: [JSON] = []
        for ring in terms.rings {
            let keys = rings[ring] ?? []
            let rotation = KeyRotation(keys, terms.rules(of: ring), at: parts.clock())
            list += keys.map { .object(describe($0, ring, rotation)) }
        }
        return ["keys": .array(list)]
    }

    private func describe(_ key: IssuerKey, _ ring: IssuerRing, _ rotation: KeyRotation) -> JSONObject {
        var members: JSONObject = [
            "kid": .string(key.kid),
            "algorithm": .string(key.key.algorithm.rawValue),
            "ring": .string(ring.rawValue),
            "issuer": .string(terms.issuer(of: ring).text),
            "state": .string(key.life.state.rawValue),
            "since": key.life.since.map { .string(RFC3339.format($0)) } ?? .null,
            "until": key.life.until.map { .string(RFC3339.format($0)) } ?? .null,
        ]
        guard key.life.state == .prepared || key.life.state == .published else { return members }
        members["activates_itself"] = .bool(key.life.isWanted || terms.rules(of: ring).rotateAfter != nil)
        members["holds"] = rotation.hold(of: key).map { .string($0) } ?? .null
        guard let copies = copies(of: ring) else { return members }
        members["copies"] = .array(
            copies.map { copy in
                [
                    "url": .string(copy.url), "serves_it": .bool(copy.kids.contains(key.kid)),
                    "failure": copy.failure.map { .string($0) } ?? .null,
                ]
            }
        )
        return members
    }

    func load() async throws(Problem) -> [IssuerRing: [IssuerKey]] {
        var rings: [IssuerRing: [IssuerKey]] = [:]
        for ring in terms.rings {
            rings[ring] = try await blocking { storage throws(TokenError) in try storage.load(ring) }
        }
        return rings
    }

    func rotation(_ ring: IssuerRing) async throws(Problem) -> KeyRotation {
        let keys = try await blocking { storage throws(TokenError) in try storage.load(ring) }
        return KeyRotation(keys, terms.rules(of: ring), at: parts.clock())
    }

    func tryLock() async throws(Problem) -> (any Sendable)? {
        try await blocking { storage throws(TokenError) in try storage.lock() }
    }

    /// The lock, waited for as long as another change takes.
    func lock(_ pause: () async -> Void) async throws(Problem) -> any Sendable {
        for _ in 0..<100 {
            if let lock = try await tryLock() { return lock }
            await pause()
        }
        throw Problem(.conflict, "Another change of keys is under way: try again.")
    }

    /// Lets others change keys again.
    func release(_ lock: any Sendable) async {
        try? await blocking { storage throws(TokenError) in storage.release(lock) }
    }

    /// Destroys what was made for a change that did not come about.
    func discard(_ made: [IssuerRing: [SigningKey]]) async {
        let keys = Array(made.values.joined())
        guard !keys.isEmpty else { return }
        try? await blocking { storage throws(TokenError) in storage.discard(keys) }
    }

    /// The keys that a change needs, made before the lock is taken: an RSA key takes its time.
    func newKeys(for change: KeyChange) async throws(Problem) -> [IssuerRing: [SigningKey]] {
        var made: [IssuerRing: [SigningKey]] = [:]
        switch change {
        case .prepare(let algorithms, let rings):
            for ring in rings {
                for algorithm in algorithms { made[ring, default: []].append(try await generate(algorithm)) }
            }
        case .revoke(let kid):
            for (ring, keys) in try await load() {
                guard let key = keys.first(where: { $0.isCalled(kid) }), key.life.state == .active else { continue }
                made[ring] = [try await generate(key.key.algorithm)]
            }
        case .activate, .retire: break
        }
        return made
    }

    func generate(_ algorithm: SignatureAlgorithm) async throws(Problem) -> SigningKey {
        try await blocking { storage throws(TokenError) in try storage.make(algorithm) }
    }

    func blocking<Answer: Sendable>(
        _ call: @Sendable (any KeyStorage) throws(TokenError) -> Answer
    ) async throws(Problem) -> Answer {
        let storage = parts.storage
        do throws(TokenError) {
            return try await withTaskExecutorPreference(parts.executor) { () async throws(TokenError) -> Answer in
                try call(storage)
            }
        } catch {
            throw Problem(key: error)
        }
    }
}

extension [IssuerRing: [IssuerKey]] {
    /// Whether a key is in one of the rings.
    func hold(_ key: SigningKey) -> Bool { values.joined().contains { $0.key.publicKey == key.publicKey } }
}

extension TokenError {
    static func noSpare(_ algorithm: SignatureAlgorithm) -> TokenError {
        TokenError(
            .keyLife,
            algorithm.rawValue,
            seen: "no key to take the revoked one's place",
            wanted: "another attempt"
        )
    }
}

extension Problem {
    /// A change of keys that cannot be made.
    init(key error: TokenError) {
        switch error.code {
        case .keyLife: self.init(.conflict, "\(error).")
        case .key: self.init(.notFound, "\(error).")
        default:
            self.init(.unavailable, "The keys could not be read or changed.")
            detail = error.description
        }
    }
}
