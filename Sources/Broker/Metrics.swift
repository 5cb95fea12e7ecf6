package import Exchange
internal import Locks
internal import Synchronization

/// Counts what the broker does, and tells it in Prometheus' text format (version 0.0.4).
///
/// Labels are closed sets: nothing that a stranger sends becomes a label's value.
package final class Metrics: Sendable {
    private let tokens = Atomic<Int>(0)
    private let denials = Atomic<Int>(0)
    private let exchanges = Atomic<Int>(0)
    private let refusals = Atomic<Int>(0)
    private let outages = Atomic<Int>(0)
    private let broken = Atomic<Int>(0)
    private let fallbacks = Atomic<Int>(0)
    private let secretReads = Atomic<Int>(0)
    private let runs = Atomic<Int>(0)
    private let unavailable = Atomic<Int>(0)
    private let requests = Atomic<Int>(0)
    private let shared = Atomic<Int>(0)
    private let federated = Atomic<Int>(0)
    private let unfederated = Atomic<Int>(0)
    private let revoked = Atomic<Int>(0)
    private let revocations = Atomic<Int>(0)

    let requestTimes = Latencies<CallKind>()
    let exchangeTimes = Latencies<TradeOutcome>()
    let ledgerTimes = Latencies<LedgerStep>()
    private let limited = Lock<[Limit: Int]>([:])
    private let connections = Atomic<Int>(0)
    private let fallbacksByTarget = Lock<[String: [FallbackEvent: Int]]>([:])
    private let secrets = Lock(SecretFigures())
    private let probes = Lock<[String: [ProbeOutcome: Int]]>([:])

    /// What can come of a token that a target must refuse.
    package enum ProbeOutcome: String, CaseIterable, Sendable {
        case refused
        /// An alarm: the target's trust is wider than the target's own rules.
        case accepted
        /// An outage, or an answer that says nothing.
        case unknown
    }

    /// What can become of a fallback in an outage.
    package enum FallbackEvent: String, CaseIterable, Sendable {
        case used
        /// Its last day was over.
        case over
        /// Its budget was used up.
        case overBudget = "over_budget"
    }

    /// What static secrets there are, as they were last looked at.
    package struct SecretFigures: Equatable, Sendable {
        package var held = 0
        package var overdue = 0
        package var deleted = 0
        package var fallbacksOver = 0

        /// Makes figures of a broker without secrets.
        package init() {}
    }

    /// What is told as it is when it is asked for.
    package struct Moment: Sendable {
        package var ledgerSize: UInt64 = 0
        /// How many entries are on their way into the ledger.
        package var waiting = 0
        /// How many entries the newest checkpoint covers that a witness has cosigned.
        package var witnessed: UInt64 = 0
        package var activeRuns = 0
        package var circuits: [(target: String, position: Breaker.Position)] = []
        /// For how long the keys that sign have done so, and after how long they are to be replaced; nil for never.
        package var keyAges: [(ring: String, algorithm: String, seconds: Int64, rotateAfter: Int64?)] = []

        /// Makes the moment of a broker that has nothing.
        package init() {}
    }

    /// What can be counted.
    package enum Event: Sendable {
        case request
        case runRegistered
        case tokenIssued
        case denied
        case exchangeSucceeded
        /// A credential that its run holds already was released to it again.
        case exchangeShared
        case exchangeRefused
        case exchangeOutage
        case exchangeBroken
        case fallbackUsed
        case secretRead
        case unavailable
        case federationAccepted
        case federationDenied
        /// Something that an administrator revoked asked for more.
        case revoked
    }

    /// Makes counters that stand at zero.
    package init() {}

    /// Counts one event.
    package func count(_ event: Event) {
        switch event {
        case .request: requests.add(1, ordering: .relaxed)
        case .runRegistered: runs.add(1, ordering: .relaxed)
        case .tokenIssued: tokens.add(1, ordering: .relaxed)
        case .denied: denials.add(1, ordering: .relaxed)
        case .exchangeShared: shared.add(1, ordering: .relaxed)
        case .exchangeSucceeded: exchanges.add(1, ordering: .relaxed)
        case .exchangeRefused: refusals.add(1, ordering: .relaxed)
        case .exchangeOutage: outages.add(1, ordering: .relaxed)
        case .exchangeBroken: broken.add(1, ordering: .relaxed)
        case .fallbackUsed: fallbacks.add(1, ordering: .relaxed)
        case .secretRead: secretReads.add(1, ordering: .relaxed)
        case .unavailable: unavailable.add(1, ordering: .relaxed)
        case .federationAccepted: federated.add(1, ordering: .relaxed)
        case .federationDenied: unfederated.add(1, ordering: .relaxed)
        case .revoked: revoked.add(1, ordering: .relaxed)
        }
    }

    /// Counts a client that was refused or cut off for taking too much.
    package func count(_ limit: Limit) { limited.withLock { $0[limit, default: 0] += 1 } }

    /// Takes note of connections that were opened, or closed where the number is negative.
    package func note(connections change: Int) { connections.add(change, ordering: .relaxed) }

    private var limitSamples: [(labels: String, value: Int)] {
        let counts = limited.withLock { $0 }
        return Limit.allCases.map { ("{limit=\"\($0.rawValue)\"}", counts[$0] ?? 0) }
    }

    /// Counts what became of a target's fallback in an outage; the name is one of the configuration's.
    package func count(fallback event: FallbackEvent, of target: String) {
        fallbacksByTarget.withLock { $0[target, default: [:]][event, default: 0] += 1 }
    }

    /// Counts what a target made of a token that it must refuse; the name is one of the configuration's.
    package func count(probe outcome: ProbeOutcome, of target: String) {
        probes.withLock { $0[target, default: [:]][outcome, default: 0] += 1 }
    }

    private var probeSamples: [(labels: String, value: Int)] {
        probes.withLock { $0 }.sorted { $0.key < $1.key }.flatMap { target, counts in
            ProbeOutcome.allCases.map { outcome in
                ("{target=\"\(target)\",outcome=\"\(outcome.rawValue)\"}", counts[outcome] ?? 0)
            }
        }
    }

    /// Takes note of what static secrets there are.
    package func note(_ figures: SecretFigures) { secrets.withLock { $0 = figures } }

    /// Takes note of how many revocations are in force.
    package func note(revocations count: Int) { revocations.store(count, ordering: .relaxed) }

    private var exchangeSamples: [(labels: String, value: Int)] {
        [
            ("{outcome=\"succeeded\"}", read(exchanges)), ("{outcome=\"refused\"}", read(refusals)),
            ("{outcome=\"outage\"}", read(outages)), ("{outcome=\"broken\"}", read(broken)),
        ]
    }

    private var federationSamples: [(labels: String, value: Int)] {
        [("{outcome=\"accepted\"}", read(federated)), ("{outcome=\"denied\"}", read(unfederated))]
    }

    private var fallbackSamples: [(labels: String, value: Int)] {
        fallbacksByTarget.withLock { $0 }.sorted { $0.key < $1.key }.flatMap { target, counts in
            FallbackEvent.allCases.map { event in
                ("{target=\"\(target)\",outcome=\"\(event.rawValue)\"}", counts[event] ?? 0)
            }
        }
    }

    /// The counters as Prometheus scrapes them, and what is told of the moment.
    package func text(_ moment: Moment) -> String {
        counters(moment.circuits) + times + gauges(moment)
    }

    private var times: String {
        func histogram(_ name: String, _ help: String, _ lines: String) -> String {
            "# HELP \(name) \(help)\n# TYPE \(name) histogram\n\(lines)"
        }
        let (request, exchange, ledger) = (
            "jobpass_request_seconds", "jobpass_exchange_seconds", "jobpass_ledger_seconds"
        )
        return histogram(request, "Time to answer a request.", requestTimes.lines(request, "call"))
            + histogram(exchange, "Time of a trade at a cloud.", exchangeTimes.lines(exchange, "outcome"))
            + histogram(ledger, "Time until an entry is durable.", ledgerTimes.lines(ledger, "step"))
    }

    private func gauges(_ moment: Moment) -> String {
        var page = ""
        func add(_ name: String, _ help: String, _ samples: [(labels: String, value: Int64)]) {
            page += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
            for sample in samples { page += "\(name)\(sample.labels) \(sample.value)\n" }
        }
        add("jobpass_ledger_entries", "Entries in the ledger.", [("", Int64(clamping: moment.ledgerSize))])
        add("jobpass_ledger_waiting", "Entries on their way into the ledger.", [("", Int64(moment.waiting))])
        add(
            "jobpass_ledger_witnessed_entries",
            "Entries under the newest checkpoint that a witness cosigned.",
            [("", Int64(clamping: moment.witnessed))]
        )
        add("jobpass_active_runs", "Runs whose request token is alive.", [("", Int64(moment.activeRuns))])
        let keys = moment.keyAges.map { ("{ring=\"\($0.ring)\",algorithm=\"\($0.algorithm)\"}", $0) }
        add("jobpass_key_age_seconds", "For how long the keys that sign have done so.", keys.map { ($0, $1.seconds) })
        add(
            "jobpass_key_rotate_after_seconds",
            "After how long they are to be replaced; none where that is left to people.",
            keys.compactMap { labels, key in key.rotateAfter.map { (labels, $0) } }
        )
        return page
    }

    private func counters(_ circuits: [(target: String, position: Breaker.Position)]) -> String {
        var page = ""
        func add(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: Int)]) {
            page += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
            for sample in samples { page += "\(name)\(sample.labels) \(sample.value)\n" }
        }
        add("jobpass_http_requests_total", "counter", "Requests answered.", [("", read(requests))])
        add("jobpass_connections", "gauge", "Open connections.", [("", read(connections))])
        add("jobpass_limited_total", "counter", "Clients refused or cut off, by the limit.", limitSamples)
        add("jobpass_runs_registered_total", "counter", "Runs registered.", [("", read(runs))])
        add("jobpass_tokens_issued_total", "counter", "ID tokens issued.", [("", read(tokens))])
        add("jobpass_denials_total", "counter", "Requests that policy denied.", [("", read(denials))])
        add("jobpass_exchanges_total", "counter", "Trades at clouds by outcome.", exchangeSamples)
        add(
            "jobpass_exchanges_shared_total",
            "counter",
            "Credentials released again to the run that holds them.",
            [("", read(shared))]
        )
        add("jobpass_federation_total", "counter", "Other issuers' tokens by outcome.", federationSamples)
        add("jobpass_revocations", "gauge", "Revocations in force.", [("", read(revocations))])
        add(
            "jobpass_revoked_total",
            "counter",
            "Requests refused because of a revocation.",
            [("", read(revoked))]
        )
        if !circuits.isEmpty {
            add("jobpass_circuit", "gauge", "Whether a target's breaker stands so.", Self.samples(of: circuits))
        }
        add("jobpass_fallbacks_total", "counter", "Static secrets used in an outage.", [("", read(fallbacks))])
        add("jobpass_target_fallbacks_total", "counter", "Fallbacks in outages by target.", fallbackSamples)
        let probes = probeSamples
        if !probes.isEmpty {
            add(
                "jobpass_probes_total",
                "counter",
                "Tokens that a target must refuse; accepted ones are an alarm.",
                probes
            )
        }
        let secrets = secrets.withLock { $0 }
        add("jobpass_secrets", "gauge", "Static secrets held.", [("", secrets.held)])
        add("jobpass_secrets_overdue", "gauge", "Static secrets older than their max_age.", [("", secrets.overdue)])
        add(
            "jobpass_secrets_deleted",
            "gauge",
            "Deleted static secrets that are still listed.",
            [("", secrets.deleted)]
        )
        add("jobpass_fallbacks_over", "gauge", "Fallbacks whose last day is over.", [("", secrets.fallbacksOver)])
        add("jobpass_secret_reads_total", "counter", "Contexts read by jobs.", [("", read(secretReads))])
        add("jobpass_unavailable_total", "counter", "Answers of 503.", [("", read(unavailable))])
        return page
    }

    /// One sample for each target and position; a target's name needs no escape.
    private static func samples(
        of circuits: [(target: String, position: Breaker.Position)]
    ) -> [(labels: String, value: Int)] {
        circuits.flatMap { circuit in
            Breaker.Position.allCases.map { position in
                let labels = "{target=\"\(circuit.target)\",position=\"\(position.rawValue)\"}"
                return (labels, circuit.position == position ? 1 : 0)
            }
        }
    }

    private func read(_ counter: borrowing Atomic<Int>) -> Int { counter.load(ordering: .relaxed) }
}
