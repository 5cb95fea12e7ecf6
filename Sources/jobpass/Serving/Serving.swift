internal import Auditing
internal import Broker
internal import Configuration
internal import Crypto
internal import Encoding
internal import EventLoop
internal import Exchange
internal import HTTPClient
internal import Keystores
internal import Ledger
internal import Logs
internal import POSIX
internal import Runs
internal import Secrets
internal import Stores
internal import Time

extension ServeCommand {
    /// How often runs that have long been over are forgotten.
    private static let sweepEvery = Duration.seconds(60)
    /// How often what other brokers have revoked is looked for where nothing is released.
    private static let heedEvery = Duration.seconds(1)

    /// Runs the broker until a signal ends it.
    static func serve(
        _ file: ConfigurationFile,
        signals: SignalWatch,
        log: Log,
        on loop: EventLoop
    ) async throws -> ExitCode {
        let settings = file.settings
        let opened = try OpenedStore(settings)
        let standing = try Standing(opening: settings, opened.keys)
        let runs = RunRegistry(
            storage: opened.store,
            executor: try WorkerThread(),
            lookupExecutor: try WorkerThread(),
            entropy: Entropy.bytes,
            clock: SystemClock.now
        )
        try await runs.load()
        let index = AuditIndex(storage: try opened.store.auditIndex(), of: opened.store)
        let keeper = try KeyKeeper(settings, opened, log)
        let revocations = try opened.revocations()
        try await revocations.refresh()
        var parts = try parts(settings, runs, revocations, opened, index, log)
        parts.keys = keeper.office
        let broker = Broker(parts, standing: standing)
        keeper.serve(broker)
        try await KeyArchive.record(standing, in: opened.ledger, parts.audit)
        try await Reloading.record(file, in: opened.ledger)
        let inherited = try InheritedSockets.taken(from: .current)
        let service = try await BrokerService(broker, settings, inherited: inherited)
        let address = inherited.isEmpty ? "\(settings.listen.host)" : "\(inherited.count) inherited"
        log.info("listening", ["address": address, "port": "\(service.port)", "issuer": "\(settings.issuer)"])
        sayConnections(settings.limits, log)
        await lookAtSecrets(opened.vault, log: log)
        let attendants =
            try attend(runs, broker, opened, index, settings.ledger.witnesses, log: log, on: loop)
            + keeper.attend(broker, on: loop)
        defer { for attendant in attendants { attendant.cancel() } }
        let (arrivals, arrived) = AsyncStream.makeStream(of: Signal.self)
        let watch = try EventWatch(signals.descriptor.number, for: .read, on: loop) { _ in
            while let arrival = signals.poll() { arrived.yield(arrival.signal) }
        }
        defer { watch.cancel() }
        let reloading = Reloading(
            path: file.path,
            broker: broker,
            keeper: keeper,
            service: service,
            ledger: opened.ledger,
            audit: parts.audit,
            log: log,
            started: settings
        )
        await reloading.untilStopped(by: arrivals)
        await service.stop(within: settings.limits.drainTimeout)
        opened.ledger.close()
        log.info("stopped")
        return .success
    }

    /// What goes on beside the requests: old runs are forgotten, entries indexed, checkpoints witnessed.
    private static func attend(
        _ runs: RunRegistry,
        _ broker: Broker,
        _ opened: OpenedStore,
        _ index: AuditIndex,
        _ witnesses: [String],
        log: Log,
        on loop: EventLoop
    ) throws -> [Task<Void, Never>] {
        let feed = try WitnessFeed(witnesses, opened.store, opened.ledger.verifier, broker, log)
        return [
            Task(executorPreference: loop) { await sweep(runs, broker, log: log, on: loop) },
            Task(executorPreference: loop) { await IndexKeeper.keep(index, of: opened.ledger, log: log, on: loop) },
            Task(executorPreference: loop) { await feed.run(on: loop) },
            Task(executorPreference: loop) { await probe(broker, on: loop) },
            Task(executorPreference: loop) { await heed(broker, on: loop) },
        ]
    }

    /// What the broker is made of, with the cosigned checkpoint that was kept when it last ran.
    private static func parts(
        _ settings: Settings,
        _ runs: RunRegistry,
        _ revocations: Revocations,
        _ opened: OpenedStore,
        _ index: AuditIndex,
        _ log: Log
    ) throws -> Broker.Parts {
        var parts = Broker.Parts(
            runs: runs,
            revocations: revocations,
            ledger: opened.ledger,
            secrets: opened.vault,
            audit: AuditLog(storage: opened.store, index: index),
            auditExecutor: try WorkerThread(),
            clock: SystemClock.now,
            log: log
        )
        let store = opened.store
        do throws(StoreError) { parts.cosigned = try store.witnessedCheckpoint() } catch {
            // Witnesses cosign the next one; until then the newest is served without them.
            log.warning("the cosigned checkpoint that was kept cannot be read", ["reason": error.description])
        }
        parts.keepWitnessed = { note in
            do throws(StoreError) { try store.keepWitnessed(note) } catch {
                log.warning("a cosigned checkpoint could not be kept", ["reason": error.description])
            }
        }
        parts.storeOutage = { store.outage }
        if case .store(let vault) = opened.keys {
            parts.keyOutage = { vault.outage }
            parts.keyStall = { vault.stall }
            // A token's calls take turns, and so one thread waits for it.
            if settings.keys.token != nil { parts.signing = try WorkerThread() } else { vault.probe() }
        }
        parts.sharesLedger = store.isShared
        parts.elapsed = Pacing.sinceStart
        return parts
    }

    /// Says where the system's limit of open files lowers that of connections.
    private static func sayConnections(_ limits: LimitSettings, _ log: Log) {
        let connections = BrokerService.connections(limits)
        guard connections < limits.connections else { return }
        log.warning(
            "fewer connections are taken than limits.connections, as the process may not open more files; see LimitNOFILE, ulimit -n",
            ["connections": "\(connections)", "configured": "\(limits.connections)"]
        )
    }

    /// Says at the start what would be found out by a job that needs a secret.
    private static func lookAtSecrets(_ vault: SecretVault, log: Log) async {
        do throws(SecretsError) {
            for (name, count) in try await vault.missingKeys() {
                log.error(
                    "what the store holds is sealed with a master key that is not here; put the copy of it back",
                    ["key": name, "versions": "\(count)"]
                )
            }
        } catch {
            log.error("static secrets cannot be looked at", ["reason": error.description])
        }
    }

    private static func sweep(_ runs: RunRegistry, _ broker: Broker, log: Log, on loop: EventLoop) async {
        let client = HTTPClient(on: loop)
        await broker.tend(trace: Hex.encode(Entropy.bytes(16)))
        while (try? await loop.sleep(for: sweepEvery)) != nil {
            let trace = Hex.encode(Entropy.bytes(16))
            await broker.sweepHoldings(over: client, pacing: Pacing(on: loop), trace: trace)
            do throws(RunError) {
                try await runs.sweep()
            } catch {
                log.warning("old runs could not be forgotten", ["reason": error.description])
            }
            await broker.tend(trace: Hex.encode(Entropy.bytes(16)))
        }
    }

    /// Ends what other brokers of the store have revoked; that nothing more leaves does not wait for it.
    private static func heed(_ broker: Broker, on loop: EventLoop) async {
        let client = HTTPClient(on: loop)
        repeat {
            let trace = Hex.encode(Entropy.identifier())
            await broker.heedRevocations(over: client, pacing: Pacing(on: loop), trace: trace)
        } while (try? await loop.sleep(for: heedEvery)) != nil
    }

    /// Tries targets with tokens that they must refuse, where their settings want that.
    private static func probe(_ broker: Broker, on loop: EventLoop) async {
        let client = HTTPClient(on: loop)
        repeat {
            await broker.probeRound(over: client, pacing: Pacing(on: loop), trace: Hex.encode(Entropy.bytes(16)))
        } while (try? await loop.sleep(for: sweepEvery)) != nil
    }
}
