internal import Crypto
internal import Exchange
internal import HTTP
internal import Ledger
internal import Locks
internal import Runs
internal import Time
internal import Tokens

/// `GET /healthz`, `/readyz` and `/metrics`: for whoever keeps the broker running.
extension Broker {
    /// The process answers.
    func health() -> HTTPResponse { .text(200, Array("ok\n".utf8)) }

    /// How long a broker that could not record calls itself not ready.
    private static let notReadyAfterFailure = Duration.seconds(10)

    /// Whether tokens can be signed and recorded here.
    func readiness() throws(Problem) -> HTTPResponse {
        guard !isDraining else { throw Problem(.unavailable, "The broker is draining: ask another one.") }
        if let fault = ledger.fault {
            var problem = Problem(.unavailable, "The ledger takes no entries.")
            problem.detail = fault.description
            throw problem
        }
        if let outage = storeOutage() {
            var problem = Problem(.unavailable, "The store cannot be reached at the moment.")
            problem.detail = outage
            throw problem
        }
        if let outage = keyOutage() {
            var problem = Problem(.unavailable, "The signing keys cannot be used at the moment.")
            problem.detail = outage
            throw problem
        }
        // After a while whoever sends jobs here may try again, as nothing else would find out that there is space again.
        if let failure = lastFailure, clock() - failure < Self.notReadyAfterFailure {
            throw Problem(.unavailable, "The ledger could not be written a moment ago.")
        }
        return .text(200, Array("ready\n".utf8))
    }

    /// The counters, for Prometheus.
    func figures(_ call: Call) -> HTTPResponse {
        metrics.note(revocations: revocations.inForce.count)
        var moment = Metrics.Moment()
        moment.ledgerSize = publishedSize
        moment.waiting = ledger.waiting
        moment.witnessed = witnessed.withLock { $0.note.map { Self.size(of: $0.bytes) } } ?? 0
        moment.activeRuns = runs.activeCount
        moment.circuits = breakers.positions(at: call.pacing.elapsed())
        moment.keyAges = keyAges
        let page = metrics.text(moment)
        return .text(200, Array(page.utf8), type: "text/plain; version=0.0.4; charset=utf-8")
    }

    /// For how long each key that signs has done so, as far as that was written down.
    private var keyAges: [(ring: String, algorithm: String, seconds: Int64, rotateAfter: Int64?)] {
        let (issuers, moment, terms) = (now.issuers, clock(), keys?.terms)
        var ages: [(ring: String, algorithm: String, seconds: Int64, rotateAfter: Int64?)] = []
        let names = [String?.none] + issuers.others.keys.sorted().map(Optional.some)
        for ring in names.flatMap(IssuerRing.rings) {
            guard let pair = issuers.pair(named: ring.issuer) else { continue }
            let rotateAfter = terms?.rules(of: ring).rotateAfter?.components.seconds
            for key in pair.issuer(untrusted: ring.isUntrusted).keys.all where key.life.state == .active {
                guard let since = key.life.since else { continue }
                let age = max(0, moment.seconds - since.seconds)
                ages.append((ring.rawValue, key.key.algorithm.rawValue, age, rotateAfter))
            }
        }
        return ages
    }
}
