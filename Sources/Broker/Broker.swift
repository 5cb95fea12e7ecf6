package import Auditing
internal import Configuration
internal import Crypto
internal import Encoding
package import Exchange
internal import Federation
package import HTTP
package import Ledger
internal import Locks
package import Logs
package import Runs
package import Secrets
internal import Synchronization
package import Time

/// Broker owns the story: a run is registered, its claims are granted a token, the token is signed, recorded and released,
/// traded at a cloud, and the credential recorded and released in its turn.
///
/// The steps stand in `Story/`, one file each; the calls that start them in `Endpoints/`, one file each; what becomes of a
/// request before and after, and of every error, in `Frontier/`. It parses no configuration, holds no SQL, and knows no
/// cloud: those come in through the initialiser.
///
/// The contract, section 3 (HTTP); RFC 6749 section 5.2 and RFC 6750 (errors); RFC 8693 (the trade's words).
package final class Broker: Sendable {
    /// What a broker is made of.
    package struct Parts: Sendable {
        package let runs: RunRegistry
        package let revocations: Revocations
        package let ledger: Ledger
        package let secrets: SecretVault
        /// Answers auditors, with calls that block on the executor beside it.
        package let audit: AuditLog
        package let auditExecutor: any TaskExecutor
        package let clock: WallClock
        package let log: Log
        /// Keeps the newest checkpoint that witnesses have cosigned; of what was kept before, the note is in `cosigned`.
        package var keepWitnessed: @Sendable ([UInt8]) -> Void = { _ in }
        package var cosigned: [UInt8] = []
        /// Says why the store cannot be used at the moment, as far as that is known without trying; nil while it can.
        package var storeOutage: @Sendable () -> String? = { nil }
        /// The same of the keys that sign.
        package var keyOutage: @Sendable () -> String? = { nil }
        /// Says that the place of keys that are not in this process does not answer, so that nobody begins to wait for it.
        package var keyStall: @Sendable () -> String? = { nil }
        /// Where keys sign that are not in this process: that takes as long as it takes, one signature after another.
        package var signing: (any TaskExecutor)?
        /// Time since some fixed moment, by a clock that nobody sets; where it stands, nothing takes any time.
        package var elapsed: @Sendable () -> Duration = { .zero }
        /// Whether other brokers append to the same ledger.
        package var sharesLedger = false
        /// Changes the issuers' keys; nil where that is not done here.
        package var keys: KeyOffice?

        /// Gathers the parts.
        package init(
            runs: RunRegistry,
            revocations: Revocations,
            ledger: Ledger,
            secrets: SecretVault,
            audit: AuditLog,
            auditExecutor: any TaskExecutor,
            clock: @escaping WallClock,
            log: Log
        ) {
            self.runs = runs
            self.revocations = revocations
            self.ledger = ledger
            self.secrets = secrets
            self.audit = audit
            self.auditExecutor = auditExecutor
            self.clock = clock
            self.log = log
        }
    }

    let runs: RunRegistry
    /// What gets nothing any more, whatever rules allow.
    let revocations: Revocations
    /// The epoch of revocations up to which runs have been ended here.
    let heeded = Atomic<Int64>(0)
    let ledger: Ledger
    let secrets: SecretVault
    let audit: AuditLog
    let auditExecutor: any TaskExecutor
    /// What runs got and still hold.
    let holdings = Holdings()
    /// Which targets are down.
    let breakers = Breakers()
    let clock: WallClock
    let log: Log
    let metrics = Metrics()
    let meter = FallbackMeter()
    let admission = Admission()
    let accounts = Accounts()
    let sessions = AuditSessions()
    let witnessed = Lock(Witnessed())
    /// Verifies other issuers' tokens.
    let upstream: Upstream
    /// The proofs of possession that were used.
    let proofs = SpentTokens()
    /// How many refusals of strangers' tokens may be recorded.
    let strangers = Allowance(perMinute: 60)
    /// How many refusals of tokens that an issuer did sign may be recorded: anybody may have an account there.
    let foreigners = Allowance(perMinute: 600)
    let keys: KeyOffice?
    /// Puts the newest cosigned checkpoint where it outlasts the process.
    let keepWitnessed: @Sendable ([UInt8]) -> Void
    let storeOutage: @Sendable () -> String?
    let keyOutage: @Sendable () -> String?
    let keyStall: @Sendable () -> String?
    /// Where keys sign that are not in this process.
    package let signing: (any TaskExecutor)?
    let sharesLedger: Bool
    let elapsed: @Sendable () -> Duration
    private let standing: Lock<Standing>
    private let draining = Atomic<Bool>(false)
    /// When an entry could last not be recorded, in milliseconds since the epoch; 0 once one could be again.
    private let failedAt = Atomic<Int64>(0)

    /// Makes a broker of its parts and of the configuration that is in force first.
    package init(_ parts: Parts, standing: Standing) {
        if let note = try? SignedNote(parts.cosigned) {
            witnessed.withLock { witnessed in
                for signature in note.signatures { witnessed.add(signature, on: parts.cosigned) }
            }
        }
        runs = parts.runs
        revocations = parts.revocations
        ledger = parts.ledger
        secrets = parts.secrets
        audit = parts.audit
        auditExecutor = parts.auditExecutor
        clock = parts.clock
        log = parts.log
        upstream = Upstream(
            keys: UpstreamKeys(clock: parts.clock) { [log = parts.log] in Self.tell($1, of: $0, log) },
            spent: SpentTokens(),
            clock: parts.clock
        )
        keepWitnessed = parts.keepWitnessed
        storeOutage = parts.storeOutage
        keyOutage = parts.keyOutage
        keyStall = parts.keyStall
        signing = parts.signing
        sharesLedger = parts.sharesLedger
        elapsed = parts.elapsed
        keys = parts.keys
        self.standing = Lock(standing)
    }

    /// The configuration in force.
    var now: Standing { standing.withLock { $0 } }

    /// Puts another configuration in force, for requests that begin from now on.
    package func adopt(_ new: Standing) {
        standing.withLock { $0 = new }
        breakers.keep(Set(new.targets.keys))
    }

    /// The exchange for what came over one loop, by that loop's network and clock.
    func exchange(over transport: any Transport, _ pacing: Pacing) -> Exchange {
        Exchange(
            transport: transport,
            clock: clock,
            pacing: pacing,
            breakers: breakers,
            responseBytes: now.limits.responseBytes
        )
    }

    /// Lets `/readyz` say that no new work is wanted here, while what comes is still done.
    package func drain() { draining.store(true, ordering: .relaxed) }

    /// Takes note of whether an entry could be recorded, for `/readyz`.
    func noteRecording(_ error: LedgerError?) {
        let isOurs = error.map { $0.code != .entryTooLarge } ?? false
        if isOurs {
            failedAt.store(clock().milliseconds, ordering: .relaxed)
        } else if error == nil, lastFailure != nil {
            failedAt.store(0, ordering: .relaxed)
        }
    }

    /// When an entry could last not be recorded; nil once one could be again.
    var lastFailure: UnixTime? {
        let moment = failedAt.load(ordering: .relaxed)
        return moment == 0 ? nil : UnixTime(milliseconds: moment)
    }

    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Answers a request; the transport is that of the loop on which it came, and so is how trades wait between tries.
    package func answer(
        _ request: HTTPRequest,
        over transport: any Transport,
        pacing: Pacing
    ) async -> HTTPResponse {
        metrics.count(.request)
        let parent = TraceParent(of: request.fields)
        let trace = parent?.trace ?? Hex.encode(Entropy.identifier())
        let began = pacing.elapsed()
        let traced = TracedTransport(transport: transport, trace: trace, isSampled: parent?.isSampled ?? false)
        let (response, kind) = await answer(request, over: traced, pacing: pacing, trace: trace)
        let took = pacing.elapsed() - began
        if let kind { metrics.requestTimes.observe(took, of: kind) }
        log.tracing(trace).debug(
            "answered",
            [
                "method": request.method.rawValue, "path": request.path, "status": "\(response.status)",
                "address": request.peer.address, "parent": parent?.parent, "took": "\(took / .milliseconds(1)) ms",
            ]
        )
        return response
    }

    private func answer(
        _ request: HTTPRequest,
        over transport: any Transport,
        pacing: Pacing,
        trace: String
    ) async -> (HTTPResponse, CallKind?) {
        var kind: CallKind?
        do throws(Problem) {
            switch Endpoint.router.match(request.method, path: request.path) {
            case .found(let endpoint, let parameters):
                let call = Call(
                    request: request,
                    parameters: parameters,
                    trace: trace,
                    transport: transport,
                    pacing: pacing
                )
                kind = endpoint.kind
                guard kind != nil else { return (try await perform(endpoint, call), nil) }
                try await chargeAddress(call)
                return (try await admit { () async throws(Problem) in try await perform(endpoint, call) }, kind)
            case .wrongMethod(let allowed): throw Problem(method: request.method, allowed: allowed)
            case .unknown:
                throw Problem(.notFound, "There is nothing at this path; see the contract for what there is.")
            }
        } catch {
            if error.status >= 500 { note(error, trace: trace) }
            return (error.response(trace: trace, terse: now.isTerse), kind)
        }
    }

    /// Leaves a line about an answer that is no fault of the client's.
    private func note(_ problem: Problem, trace: String) {
        if problem.code == .unavailable { metrics.count(.unavailable) }
        log.tracing(trace).warning(problem.detail ?? problem.reason, ["code": problem.code.rawValue])
    }
}
