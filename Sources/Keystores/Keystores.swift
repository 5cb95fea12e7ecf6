package import Crypto
internal import Encoding
internal import JSON
internal import Locks
package import PKCS11
package import Secrets
package import Time
package import Tokens

/// Keystores owns the places of the issuers' private keys that several brokers share.
///
/// It decides nothing of a key's life, which `Tokens` does, and nobody gets a private half out of it but the signer in this process.
/// A file of PEM is no matter of its, but for the form of `life.json`.
///
/// The vault: the issuers' keys in the store, sealed under the master key, or in a token (PKCS#11) that they never leave: for
/// several brokers that share a store and that key, or that token. The store then has a key's public half and its ID.
///
/// Each ring is one document with its keys and their lives, so that a change of a ring is one row's new version. Who
/// changes keys holds a lease, which is a document too: every change renews it in the same transaction, so that a broker whose
/// lease ran out, or was taken by another, changes nothing. What one broker has changed every other reads at its next look.
package final class KeyVault: KeyStorage, Sendable, CustomStringConvertible {
    /// A ring as it was last read, and the version of its document.
    private struct Known {
        let version: UInt64
        let ring: RingDocument
    }

    private struct State {
        var rings: [IssuerRing: Known] = [:]
        /// The version of the lease that this broker holds.
        var lease: UInt64?
        /// Why a key in the token could not be used at the last look.
        var fault: String?
    }

    /// For how long a broker that was killed in the middle of a change holds up the next one.
    private static let leaseTime = Duration.seconds(60)
    /// The most kids of removed keys that a ring remembers.
    private static let mostRemoved = 200
    private static let lease = EnvironmentName(constant: "KEY_LEASE")

    package let description: String
    private let documents: SealedDocuments
    private let token: PKCS11Token?
    /// Whether new keys are made in the token.
    private let makesKeysInToken: Bool
    private let clock: WallClock
    private let state = Lock(State())

    /// Takes documents of a store that is known as `location`, and the token of keys that are in one.
    package init(
        _ documents: SealedDocuments,
        at location: String,
        token: PKCS11Token? = nil,
        makesKeysInToken: Bool = false,
        clock: @escaping WallClock
    ) {
        self.documents = documents
        self.token = token
        self.makesKeysInToken = makesKeysInToken
        description = "the keys in \(location)"
        self.clock = clock
    }

    // MARK: Reading

    /// As `KeyStorage` promises.
    package func load(_ ring: IssuerRing) throws(TokenError) -> [IssuerKey] { try self.ring(ring).keys }

    /// A ring's keys, and the kids of those that it had.
    ///
    /// - Throws: `TokenError` with code `keyRing`.
    package func ring(_ ring: IssuerRing) throws(TokenError) -> RingDocument {
        if let known = try find(ring) { return known.ring }
        throw TokenError(
            .keyRing,
            description,
            seen: "none of '\(ring)'",
            wanted: ring.issuer.map { "what 'jobpass keys create \($0)' makes" }
                ?? "what 'jobpass init' makes, or 'jobpass keys move' brings here from files"
        )
    }

    /// Whether there are keys of a ring.
    ///
    /// - Throws: `TokenError` with code `keyRing`.
    package func has(_ ring: IssuerRing) throws(TokenError) -> Bool { try find(ring) != nil }

    private func find(_ ring: IssuerRing) throws(TokenError) -> Known? {
        do {
            guard let row = try documents.newest()[Self.name(of: ring)] else { return nil }
            if let known = state.withLock({ $0.rings[ring] }), known.version == row.version { return known }
            let known = Known(version: row.version, ring: try RingDocument(documents.open(row), of: ring, token: token))
            state.withLock { state in
                if state.rings[ring].map({ $0.version < known.version }) ?? true { state.rings[ring] = known }
            }
            return known
        } catch {
            throw failed(error)
        }
    }

    /// The name of a ring's document: an issuer's name may have what a variable's may not.
    private static func name(of ring: IssuerRing) -> EnvironmentName {
        guard let name = EnvironmentName("RING_\(SHA256.hash(Array(ring.rawValue.utf8)).hex.prefix(32))") else {
            preconditionFailure("digits are no name")
        }
        return name
    }

    // MARK: The token

    /// Why keys that are to sign cannot be used at the moment, as the last look or call found; nil where they can.
    package var outage: String? { stall ?? token?.failure?.detail ?? state.withLock { $0.fault } }

    /// Says that the token does not answer; nil where it does.
    package var stall: String? { token?.stall?.detail }

    /// Looks whether the token has every key that is to sign; where none is in a token there is nothing to look at.
    package func probe() {
        let active = state.withLock { $0.rings.values.flatMap(\.ring.keys) }.filter { $0.life.state == .active }
        var fault: String?
        for key in active {
            guard let signer = key.key.signer as? TokenKey, fault == nil else { continue }
            do throws(PKCS11Error) {
                guard let token else { throw PKCS11Error(.token, "keys.pkcs11 names no token") }
                try token.check(signer.id)
            } catch {
                fault = "key \(key.kid): \(error)"
            }
        }
        let found = fault
        state.withLock { $0.fault = found }
    }

    /// As `KeyStorage` promises: in the token, where new keys are to be there.
    package func make(_ algorithm: SignatureAlgorithm) throws(TokenError) -> SigningKey {
        guard makesKeysInToken else { return try makeInMemory(algorithm) }
        guard let token else {
            throw TokenError(.keyRing, description, seen: "no token", wanted: "the one that keys.pkcs11 names")
        }
        return try token.issuerKey(algorithm)
    }

    /// As `KeyStorage` promises; where the token is away they stay there, in no ring.
    package func discard(_ keys: [SigningKey]) {
        for key in keys {
            guard let signer = key.signer as? TokenKey else { continue }
            try? signer.token?.destroy(signer.id)
        }
    }

    // MARK: Changing

    /// As `KeyStorage` promises.
    package func lock() throws(TokenError) -> (any Sendable)? {
        do {
            let row = try documents.newest()[Self.lease]
            if let row, try LeaseDocument(documents.open(row)).until > clock() { return nil }
            let version = (row?.version ?? 0) + 1
            try documents.add([try lease(until: clock() + Self.leaseTime, version: version)])
            state.withLock { $0.lease = version }
            return version
        } catch let error as SecretsError where error.code == .conflict {
            return nil
        } catch {
            throw failed(error)
        }
    }

    /// As `KeyStorage` promises.
    package func release(_ lock: any Sendable) {
        guard let version = state.withLock({ $0.lease.take() }) else { return }
        // Where this fails it runs out by itself.
        guard let free = try? lease(until: UnixTime(milliseconds: 0), version: version + 1) else { return }
        try? documents.add([free])
    }

    /// As `KeyStorage` promises; refused where the lease is not held any more.
    package func save(_ keys: [IssuerKey], removing removed: [IssuerKey], in ring: IssuerRing) throws(TokenError) {
        guard let lease = state.withLock({ $0.lease }) else {
            throw TokenError(
                .keyRing,
                description,
                seen: "a change without the lease",
                wanted: "a change that holds it"
            )
        }
        do {
            let before = try find(ring)
            let names = (before?.ring.removed ?? []).filter { kid in !removed.contains { $0.kid == kid } }
            let changed = RingDocument(
                keys: keys,
                removed: Array((names + removed.map(\.kid)).suffix(Self.mostRemoved))
            )
            let renewed = try self.lease(until: clock() + Self.leaseTime, version: lease + 1)
            try documents.add([try seal(changed, ring, version: (before?.version ?? 0) + 1), renewed])
            state.withLock { $0.lease = lease + 1 }
            discard(removed.map(\.key))
        } catch {
            throw failed(error)
        }
    }

    /// Puts a ring's first keys here, in the place of whatever an unfinished attempt left.
    ///
    /// - Throws: `TokenError` with code `keyRing`.
    package func found(_ ring: IssuerRing, _ keys: [IssuerKey], removed: [String] = []) throws(TokenError) {
        do {
            let version = try documents.newest()[Self.name(of: ring)]?.version ?? 0
            let document = RingDocument(keys: keys, removed: Array(removed.suffix(Self.mostRemoved)))
            try documents.add([try seal(document, ring, version: version + 1)])
        } catch {
            throw failed(error)
        }
    }

    private func seal(_ document: RingDocument, _ ring: IssuerRing, version: UInt64) throws -> StoredSecret {
        try documents.seal(try document.content(of: ring), as: Self.name(of: ring), version: version, at: clock())
    }

    private func lease(until end: UnixTime, version: UInt64) throws(SecretsError) -> StoredSecret {
        try documents.seal(LeaseDocument(until: end).content, as: Self.lease, version: version, at: clock())
    }

    private func failed(_ error: any Error) -> TokenError {
        switch error {
        case let error as TokenError: error
        case let error as SecretsError where error.code == .conflict:
            TokenError(.keyRing, description, seen: "that another broker changed them", wanted: "another attempt")
        default: TokenError(.keyRing, description, seen: "\(error)", wanted: "keys that can be read and changed")
        }
    }
}

/// Until when a broker keeps others from changing keys.
private struct LeaseDocument {
    let until: UnixTime

    init(until: UnixTime) { self.until = until }

    init(_ content: borrowing SecretBytes) throws {
        let json = try JSON.parse(content.withBytes { Array(copying: $0) })
        guard let until = json["until"]?.asString else {
            throw SecretsError(.damaged, "the lease of the keys does not say until when it is held")
        }
        self.until = try RFC3339.parse(until)
    }

    var content: SecretBytes {
        SecretBytes(copying: JSON.object(["until": .string(RFC3339.format(until))]).serialized())
    }
}
