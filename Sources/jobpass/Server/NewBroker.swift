internal import Configuration
internal import Crypto
internal import Keystores
internal import Ledger
internal import POSIX
internal import Secrets
internal import Stores
internal import Time
internal import Tokens

/// What a broker has to have before its first start, as its configuration names it: keys, master key, store and ledger.
struct NewBroker {
    private let settings: Settings
    private let files: KeyFiles

    init(_ settings: Settings) {
        self.settings = settings
        files = KeyFiles(settings)
    }

    /// Refuses to go on where anything of a broker is there already: keys that others trust and a ledger that others
    /// watch are never begun again.
    ///
    /// - Throws: `CommandError` with exit code 78 that names what is there.
    func refuseExisting() throws {
        let paths = files.rings.map(files.directory(of:)) + [files.ledgerKey, files.masterKey]
        for path in paths + storeFiles where try Files.status(path) != nil {
            throw CommandError(
                .configuration,
                "\(path) is there already; nothing was made or changed",
                advice: "init is for a broker that has nothing yet: give another place, or use what is there"
            )
        }
        if case .postgresql(let address) = settings.store { try PostgresStore.checkAbsence(at: address) }
    }

    /// Makes everything.
    func make(in installation: inout Installation) throws {
        try installation.directory(files.directory)
        if settings.keys.place == .files {
            for ring in files.rings { try files.create(ring, in: &installation) }
        }
        let checkpointKey = try SigningKey.generate(for: .edDSA)
        try installation.file(files.ledgerKey, try checkpointKey.pem())
        try installation.file(files.masterKey, MasterKey.generate().file())
        try makeStore(in: &installation, signing: checkpointKey)
    }

    /// Makes the first keys of an issuer, which sign at once, as nobody can have cached any.
    func make(_ rings: [IssuerRing], at place: KeyPlace, in installation: inout Installation) throws {
        switch place {
        case .files: for ring in rings { try files.create(ring, in: &installation) }
        case .store(let vault):
            for ring in rings {
                var made: [SigningKey] = []
                do {
                    for algorithm in settings.keys.algorithms { made.append(try vault.make(algorithm)) }
                    let life = KeyLife(.active, since: SystemClock.now())
                    try vault.found(ring, made.map { IssuerKey($0, life) })
                } catch {
                    vault.discard(made)
                    throw error
                }
            }
        }
    }

    private func makeStore(in installation: inout Installation, signing key: SigningKey) throws {
        try OpenedStore.create(settings, at: SystemClock.now())
        for path in storeFiles {
            for suffix in ["", "-wal", "-shm"] { installation.note(path + suffix) }
        }
        let store = try OpenedStore.open(settings)
        if settings.keys.place != .files {
            try make(files.rings, at: try KeyPlace(settings, in: store), in: &installation)
        }
        try Ledger.create(
            in: Ledger.Surroundings(
                storage: store,
                signer: try CheckpointSigner(name: try KeyName(settings.ledger.origin), key: key),
                clock: SystemClock.now,
                entropy: Entropy.bytes
            )
        )
    }

    /// The store's file, where it is one.
    private var storeFiles: [String] {
        switch settings.store {
        case .sqlite(let path): [path]
        case .postgresql: []
        }
    }
}

extension KeyFiles {
    /// Makes the first keys of a ring, which sign at once, as nobody can have cached the issuer's keys.
    func create(_ ring: Ring, in installation: inout Installation) throws {
        if let issuer = ring.issuer {
            for part in ["issuers", "issuers/\(issuer)"] { try installation.directory(Paths.join(directory, part)) }
        }
        try installation.directory(directory(of: ring))
        let keys = try IssuerKeys.generate(for: algorithms).all
        for key in keys { try installation.file(Paths.join(directory(of: ring), Self.name(of: key)), try key.pem()) }
        let born = keys.map { IssuerKey($0.key, KeyLife(.active, since: SystemClock.now())) }
        try installation.file(lifeFile(of: ring), LifeFile(of: born, removed: []).bytes)
    }
}
