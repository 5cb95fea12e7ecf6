internal import Configuration
internal import Crypto
internal import Keystores
internal import PKCS11
internal import POSIX
internal import Secrets
internal import Stores
internal import Time
internal import Tokens

/// Where the issuers' keys of a configuration live.
enum KeyPlace: Sendable {
    /// In files below `keys.directory`, for one broker.
    case files
    /// Sealed in the store, or in a token that the store leads to, for as many as share them.
    case store(KeyVault)

    /// Finds the place that a configuration names, in a store that is open already.
    ///
    /// - Throws: `SecretsError` where the store cannot be asked.
    init(_ settings: Settings, in store: any BrokerStore) throws {
        switch settings.keys.place {
        case .files: self = .files
        case .store, .pkcs11:
            let documents = try SealedDocuments(storage: store, keys: KeyFiles(settings))
            self = .store(
                KeyVault(
                    documents,
                    at: store.location,
                    token: settings.keys.token.map { PKCS11Token(opening: $0) },
                    makesKeysInToken: settings.keys.place == .pkcs11,
                    clock: SystemClock.now
                )
            )
        }
    }

    /// Finds the place that a configuration names, and opens the store where it is there.
    ///
    /// - Throws: `StoreError`, `SecretsError`.
    static func open(_ settings: Settings) throws -> KeyPlace {
        settings.keys.place == .files ? .files : try KeyPlace(settings, in: try OpenedStore.open(settings))
    }

    /// What reads and changes the keys.
    func storage(_ settings: Settings) -> any KeyStorage {
        switch self {
        case .files: KeyFiles(settings)
        case .store(let vault): vault
        }
    }

    /// The keys of a ring, of which each configured algorithm must have one that signs.
    ///
    /// - Throws: `CommandError` with exit code 78.
    func keys(of ring: IssuerRing, _ settings: Settings) throws(CommandError) -> IssuerKeys {
        switch self {
        case .files: return try KeyFiles(settings).keys(of: ring)
        case .store(let vault):
            let keys: [IssuerKey]
            do throws(TokenError) { keys = try vault.load(ring).inOrder(of: settings.keys.algorithms) } catch {
                throw CommandError(.configuration, "\(error)")
            }
            return try IssuerKeys(complete: keys, for: settings.keys.algorithms, from: name(of: ring, settings))
        }
    }

    /// What mends a token that cannot be used.
    static let tokenAdvice =
        "look at it with: pkcs11-tool --module MODULE --list-slots; see that module, token and pin_file under keys.pkcs11 are right"

    /// Looks whether keys that are to sign can do so, and answers why not; blocks where they are in a token.
    func probe() -> String? {
        guard case .store(let vault) = self else { return nil }
        vault.probe()
        return vault.outage
    }

    /// Why keys that are to sign cannot be used, as far as that is known without trying.
    var outage: String? {
        if case .store(let vault) = self { vault.outage } else { nil }
    }

    /// Whether anything of a ring is there.
    ///
    /// - Throws: `POSIXError`, `TokenError`.
    func has(_ ring: IssuerRing, _ settings: Settings) throws -> Bool {
        switch self {
        case .files: try Files.status(KeyFiles(settings).directory(of: ring)) != nil
        case .store(let vault): try vault.has(ring)
        }
    }

    /// What a person knows a ring's place by.
    func name(of ring: IssuerRing, _ settings: Settings) -> String {
        switch self {
        case .files: KeyFiles(settings).directory(of: ring)
        case .store(let vault): "the ring '\(ring)' of \(vault)"
        }
    }

    /// The kids of keys that a ring had and has no more, as far back as they are remembered.
    ///
    /// - Throws: `CommandError` with exit code 78.
    func withdrawn(from ring: IssuerRing, _ settings: Settings) throws(CommandError) -> [String] {
        switch self {
        case .files: return try KeyFiles(settings).lives(of: ring)?.removed ?? []
        case .store(let vault):
            do throws(TokenError) { return try vault.ring(ring).removed } catch {
                throw CommandError(.configuration, "\(error)")
            }
        }
    }
}

extension IssuerKeys {
    /// Makes a ring whose keys sign with each of some algorithms.
    ///
    /// - Throws: `CommandError` with exit code 78, which names where the keys are from.
    init(
        complete keys: [IssuerKey],
        for algorithms: [SignatureAlgorithm],
        from place: String
    ) throws(CommandError) {
        let missing = algorithms.filter { algorithm in
            !keys.contains { $0.key.algorithm == algorithm && $0.life.state == .active }
        }
        guard missing.isEmpty else {
            throw CommandError(
                .configuration,
                "\(place) has no key for \(missing.map(\.rawValue).joined(separator: ", ")), which keys.algorithms names",
                advice:
                    "take it out of keys.algorithms until a key of it is active: jobpass keys prepare, then activate"
            )
        }
        do throws(TokenError) { try self.init(keys) } catch {
            throw CommandError(.configuration, "\(place): \(error)")
        }
    }
}

extension [IssuerKey] {
    /// The default algorithm's key first, as it is published first.
    func inOrder(of algorithms: [SignatureAlgorithm]) -> [IssuerKey] {
        let configured = algorithms.flatMap { algorithm in filter { $0.key.algorithm == algorithm } }
        return configured + filter { !algorithms.contains($0.key.algorithm) }
    }
}

extension PKCS11Token {
    /// Takes the token of a configuration, whose PIN is read from its file at each login.
    convenience init(opening settings: KeyTokenSettings) {
        self.init(settings.token) { () throws(PKCS11Error) -> SecretBytes in
            do throws(POSIXError) {
                var bytes = try Files.readSecret(settings.pinFile, limit: 1_024)
                while bytes.last == UInt8(ascii: "\n") || bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
                return SecretBytes(consuming: &bytes)
            } catch {
                throw PKCS11Error(.pin, "the PIN cannot be read: \(error)")
            }
        }
    }
}
