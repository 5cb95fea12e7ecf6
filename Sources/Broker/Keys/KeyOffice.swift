internal import Crypto
package import HTTP
package import JSON
package import Ledger
internal import Locks
package import Time
package import Tokens

/// Where the issuers' keys are changed: by administrators, and by time.
///
/// Every step of a key's life is recorded before it is taken, and what is taken is in force when a call returns. Brokers that
/// share the keys see each other's changes at their next look.
package final class KeyOffice: Sendable {
    /// What the office is made of.
    package struct Parts: Sendable {
        package let storage: any KeyStorage
        /// Calls of the storage block, and are made here.
        package let executor: any TaskExecutor
        package let ledger: Ledger
        package let clock: WallClock

        /// Gathers the parts.
        package init(
            storage: any KeyStorage,
            executor: any TaskExecutor,
            ledger: Ledger,
            clock: @escaping WallClock
        ) {
            self.storage = storage
            self.executor = executor
            self.ledger = ledger
            self.clock = clock
        }
    }

    private struct State {
        var terms: KeyTerms
        /// What every copy of each ring was last seen to serve.
        var copies: [IssuerRing: [KeyCopies.Copy]] = [:]
        /// The copies that keep a key waiting, and why.
        var late: [String] = []
        /// How the keys stood when the broker took them last.
        var taken: [String: KeyLife] = [:]
        var changed: @Sendable () -> Bool = { true }
    }

    let parts: Parts
    private let state: Lock<State>

    /// Makes an office under some terms.
    package init(_ parts: Parts, _ terms: KeyTerms) {
        self.parts = parts
        state = Lock(State(terms: terms))
    }

    /// Puts other terms in force.
    package func adopt(_ terms: KeyTerms) { state.withLock { $0.terms = terms } }

    /// Calls something whenever keys have changed, here or in another process; where it answers false it is called again.
    package func onChange(_ body: @escaping @Sendable () -> Bool) { state.withLock { $0.changed = body } }

    var terms: KeyTerms { state.withLock { $0.terms } }

    func copies(of ring: IssuerRing) -> [KeyCopies.Copy]? { state.withLock { $0.copies[ring] } }

    /// The copies that keep a key waiting, and why, as the last look found them.
    package var late: [String] { state.withLock { $0.late } }

    private static func late(
        _ rings: [IssuerRing: [IssuerKey]],
        _ looks: [IssuerRing: [KeyCopies.Copy]]
    ) -> [String] {
        var late: [String] = []
        for ring in rings.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            let waiting = (rings[ring] ?? []).filter { $0.life.state == .prepared || $0.life.state == .published }
            for copy in looks[ring] ?? [] where waiting.contains(where: { !copy.kids.contains($0.kid) }) {
                late.append("\(copy.url) \(copy.failure ?? "does not serve the new key yet")")
            }
        }
        return late
    }

    /// Makes a change, and answers how the keys stand after it; waits by `pause` while another is under way.
    package func change(
        _ change: KeyChange,
        by principal: String?,
        trace: String,
        pause: () async -> Void
    ) async throws(Problem) -> JSON {
        let made = try await newKeys(for: change)
        do throws(Problem) {
            let lock = try await lock(pause)
            do throws(Problem) {
                try await make(change, with: made, by: principal, trace: trace)
            } catch {
                await release(lock)
                throw error
            }
            await release(lock)
        } catch {
            await discard(made)
            throw error
        }
        let rings = try await load()
        // A key may have been made for a revocation that found another to take the place.
        await discard(made.mapValues { $0.filter { new in !rings.hold(new) } })
        guard await notice(rings) else {
            throw Problem(
                .unavailable,
                "The keys were changed, and this broker could not put them in force yet: it tries again each second; see its log."
            )
        }
        return try await list()
    }

    /// Makes a change while no other is made.
    private func make(
        _ change: KeyChange,
        with made: [IssuerRing: [SigningKey]],
        by principal: String?,
        trace: String
    ) async throws(Problem) {
        var found = false
        for ring in terms.rings {
            var rotation = try await rotation(ring)
            do throws(TokenError) {
                switch change {
                case .prepare(_, let rings):
                    guard rings.contains(ring) else { continue }
                    for key in made[ring] ?? [] { rotation.prepare(key) }
                case .activate(let kid, let whenReady):
                    guard rotation.has(kid) else { continue }
                    try rotation.activate(kid, whenReady: whenReady)
                case .retire(let kid):
                    guard rotation.has(kid) else { continue }
                    try rotation.retire(kid)
                case .revoke(let kid):
                    guard rotation.has(kid) else { continue }
                    let spare = made[ring] ?? []
                    try rotation.revoke(kid) { algorithm throws(TokenError) in
                        guard let key = spare.first(where: { $0.algorithm == algorithm }) else {
                            throw .noSpare(algorithm)
                        }
                        return key
                    }
                }
            } catch {
                throw Problem(key: error)
            }
            found = true
            try await keep(rotation, ring, by: principal, trace: trace)
        }
        guard found else { throw Problem(.notFound, "No key has this kid: see 'jobpass keys list'.") }
    }

    /// Looks at every copy where a key waits for that, and does what time alone does; called from time to time.
    ///
    /// - Throws: `Problem`; then the keys are as they were.
    package func tend(over transport: any Transport, trace: String) async throws(Problem) {
        let before = try await load()
        await notice(before)
        var looks: [IssuerRing: [KeyCopies.Copy]] = [:]
        for ring in terms.rings {
            let isWaiting = (before[ring] ?? []).contains { $0.life.state == .prepared || $0.life.state == .published }
            if isWaiting { looks[ring] = await terms.copies(of: ring).look(over: transport) }
        }
        state.withLock { state in
            state.copies = looks
            state.late = Self.late(before, looks)
        }
        guard try await wouldChange(before, looks), let lock = try await tryLock() else { return }
        do throws(Problem) {
            for ring in terms.rings {
                var rotation = try await rotation(ring)
                try await step(&rotation, looks[ring])
                if rotation.isChanged { try await keep(rotation, ring, by: nil, trace: trace) }
            }
        } catch {
            await release(lock)
            throw error
        }
        await release(lock)
        await notice(try await load())
    }

    /// Whether time or a copy has anything to say, so that the lock is taken for that alone.
    private func wouldChange(
        _ rings: [IssuerRing: [IssuerKey]],
        _ looks: [IssuerRing: [KeyCopies.Copy]]
    ) async throws(Problem) -> Bool {
        for ring in terms.rings {
            var rotation = KeyRotation(rings[ring] ?? [], terms.rules(of: ring), at: parts.clock())
            Self.observe(&rotation, looks[ring])
            rotation.advance()
            if rotation.isChanged || !rotation.due.isEmpty { return true }
        }
        return false
    }

    private func step(_ rotation: inout KeyRotation, _ copies: [KeyCopies.Copy]?) async throws(Problem) {
        Self.observe(&rotation, copies)
        rotation.advance()
        for algorithm in rotation.due { rotation.prepare(try await generate(algorithm)) }
    }

    private static func observe(_ rotation: inout KeyRotation, _ copies: [KeyCopies.Copy]?) {
        guard let copies else { return }
        rotation.observe(
            served: KeyCopies.served(by: copies),
            copies: copies.count,
            cacheTime: KeyCopies.cacheTime(of: copies)
        )
    }

    /// Records every step, then saves.
    private func keep(
        _ rotation: KeyRotation,
        _ ring: IssuerRing,
        by principal: String?,
        trace: String
    ) async throws(Problem) {
        for step in rotation.steps {
            var entry = Entry(.keyChanged, .succeeded, trace: trace)
            entry.principal = principal
            entry.issuer = terms.issuer(of: ring).text
            entry.kid = step.key.kid
            entry.claims = JSON.object(["jwk": step.key.jwk.json]).serialized()
            entry.reason = step.reason
            entry.expires = step.key.life.until
            do throws(LedgerError) { _ = try await parts.ledger.record(entry) } catch { throw Problem(error) }
        }
        let (keys, removed) = (rotation.keys, rotation.removed)
        try await blocking { storage throws(TokenError) in try storage.save(keys, removing: removed, in: ring) }
    }

    /// Tells the broker where keys stand otherwise than it took them; false where it could not take them.
    @discardableResult
    private func notice(_ rings: [IssuerRing: [IssuerKey]]) async -> Bool {
        let now = Dictionary(uniqueKeysWithValues: rings.values.joined().map { ($0.kid, $0.life) })
        let changed = state.withLock { state in state.taken == now ? nil : state.changed }
        guard let changed else { return true }
        // Whoever takes them reads them again, wherever they are.
        guard await withTaskExecutorPreference(parts.executor, operation: { changed() }) else { return false }
        state.withLock { $0.taken = now }
        return true
    }
}
