internal import Broker
internal import Configuration
internal import Crypto
internal import Encoding
internal import EventLoop
internal import HTTPClient
internal import Locks
internal import Logs
internal import POSIX
internal import Time
internal import Tokens

/// Keeps a broker's keys as they are kept where they live: what changes there, by it or by another process, signs and is published here.
final class KeyKeeper: Sendable {
    let office: KeyOffice
    let place: KeyPlace
    private let settings: Lock<Settings>
    private let log: Log

    /// How often the keys are looked at, so that what another process changed counts within that time.
    private static let every = Duration.seconds(1)

    /// Makes a keeper of a broker's keys.
    ///
    /// - Throws: `CommandError` with exit code 78; `POSIXError` where there is no thread.
    init(_ settings: Settings, _ opened: OpenedStore, _ log: Log) throws {
        self.settings = Lock(settings)
        self.log = log
        place = opened.keys
        office = KeyOffice(
            KeyOffice.Parts(
                storage: opened.keys.storage(settings),
                executor: try WorkerThread(),
                ledger: opened.ledger,
                clock: SystemClock.now
            ),
            try Self.terms(settings)
        )
    }

    /// What a configuration says of keys.
    ///
    /// - Throws: `CommandError` with exit code 78.
    static func terms(_ settings: Settings) throws(CommandError) -> KeyTerms {
        let issuer: Tokens.IssuerURL
        do throws(TokenError) { issuer = try Tokens.IssuerURL(settings.issuer.url) } catch {
            throw CommandError(.configuration, "\(error)")
        }
        return KeyTerms(
            rules: KeyRotation.Rules(
                algorithms: settings.keys.algorithms,
                cacheTime: settings.keys.cacheTime,
                tokenLifetime: settings.token.maximumLifetime,
                rotateAfter: settings.keys.rotateAfter
            ),
            issuer: issuer,
            mirrors: settings.keys.mirrors,
            authorities: settings.keys.authorities,
            others: settings.issuers.map { entry in
                KeyTerms.Other(
                    name: entry.name,
                    path: entry.path,
                    rules: KeyRotation.Rules(
                        algorithms: settings.keys.algorithms,
                        cacheTime: entry.cacheTime,
                        tokenLifetime: settings.token.maximumLifetime,
                        rotateAfter: entry.rotateAfter
                    ),
                    mirrors: entry.mirrors
                )
            }
        )
    }

    /// Says what a new key waits for, and when it waits no more.
    private func tell(_ late: [String]) {
        guard !late.isEmpty else { return log.info("every copy serves the issuers' new keys") }
        log.warning("a new key waits, and the old one signs on", ["copies": late.joined(separator: "; ")])
    }

    /// Puts another configuration in force, with the keys as they are on disk now.
    ///
    /// - Throws: `CommandError` with exit code 78; then the broker goes on as before.
    func adopt(_ new: Settings, in broker: Broker) throws(CommandError) {
        let terms = try Self.terms(new)
        try settings.withLock { settings throws(CommandError) in
            broker.adopt(try Standing(opening: new, place))
            settings = new
        }
        office.adopt(terms)
    }

    /// Puts the keys in force as they are on disk, whenever they have changed.
    ///
    /// Between reading keys and configuration and putting them in force nobody else does so: else a revoked key, or rules that
    /// were taken back, could come in force again.
    func serve(_ broker: Broker) {
        office.onChange { [self] in
            do throws(CommandError) {
                try settings.withLock { settings throws(CommandError) in
                    broker.adopt(try Standing(opening: settings, place))
                }
                return true
            } catch {
                log.error("changed keys cannot be used, those of before go on", ["reason": error.message])
                return false
            }
        }
    }

    /// Tends the keys, and watches those in a token, until the tasks are cancelled.
    func attend(_ broker: Broker, on loop: EventLoop) -> [Task<Void, Never>] {
        let tending = Task(executorPreference: loop) { await self.run(on: loop) }
        guard let signing = broker.signing else { return [tending] }
        return [tending, Task(executorPreference: loop) { await self.watch(on: signing, by: loop) }]
    }

    /// How often a token is asked for its keys while all is well; while it is not, every second.
    private static let probeEvery = 5

    /// Looks whether the keys in a token can sign, on the thread that waits for it, until it is cancelled.
    private func watch(on thread: any TaskExecutor, by loop: EventLoop) async {
        var (missed, second): (String?, Int) = (nil, 0)
        repeat {
            second += 1
            guard place.outage != nil || second % Self.probeEvery == 1 else { continue }
            let outage = await withTaskExecutorPreference(thread) { [place] in place.probe() }
            guard outage != missed else { continue }
            missed = outage
            if let outage {
                log.error("keys that are to sign cannot", ["reason": outage])
            } else {
                log.info("the keys sign again")
            }
        } while (try? await loop.sleep(for: Self.every)) != nil
    }

    /// Tends the keys until it is cancelled; a failure is logged once, and tried again.
    private func run(on loop: EventLoop) async {
        let client = HTTPClient(on: loop)
        var failure = ""
        var late: [String] = []
        repeat {
            do throws(Problem) {
                try await office.tend(over: client, trace: Hex.encode(Entropy.identifier()))
                failure = ""
                if office.late != late {
                    late = office.late
                    tell(late)
                }
            } catch {
                let reason = error.detail ?? error.reason
                if reason != failure { log.warning("the keys cannot be tended", ["reason": reason]) }
                failure = reason
            }
        } while (try? await loop.sleep(for: Self.every)) != nil
    }
}
