internal import Locks

/// How long things took, as Prometheus' histograms tell it: counts of those that took no longer than some bounds.
final class Latencies<Label: Hashable & Sendable & RawRepresentable<String> & CaseIterable>: Sendable
where Label.AllCases: Sendable {
    private struct Series {
        var counts = Array(repeating: 0, count: bounds.count + 1)
        var sum = Duration.zero
    }

    private static var bounds: [Int] { [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000] }
    private let series = Lock<[Label: Series]>([:])

    /// Counts one.
    func observe(_ duration: Duration, of label: Label) {
        let place = Self.bounds.firstIndex { duration <= .milliseconds($0) } ?? Self.bounds.count
        series.withLock { series in
            series[label, default: Series()].counts[place] += 1
            series[label, default: Series()].sum += duration
        }
    }

    /// The samples of every label, behind the name of the metric.
    func lines(_ name: String, _ key: String) -> String {
        let all = series.withLock { $0 }
        return Label.allCases.map { label in
            let series = all[label] ?? Series()
            var (text, count) = ("", 0)
            for (bound, number) in zip(Self.bounds.map(Self.seconds) + ["+Inf"], series.counts) {
                count += number
                text += "\(name)_bucket{\(key)=\"\(label.rawValue)\",le=\"\(bound)\"} \(count)\n"
            }
            text += "\(name)_sum{\(key)=\"\(label.rawValue)\"} \(series.sum / .seconds(1))\n"
            return text + "\(name)_count{\(key)=\"\(label.rawValue)\"} \(count)\n"
        }.joined()
    }

    private static func seconds(_ milliseconds: Int) -> String { "\(Double(milliseconds) / 1_000)" }
}

/// What is called, for metrics: a closed set.
enum CallKind: String, CaseIterable, Sendable {
    /// `/v1/token` and `/v1/whoami`.
    case token
    /// A target's credential, or its token for a job that trades itself.
    case credential
    /// `/v1/contexts/NAME`.
    case secret
    /// `/v1/runs`.
    case run
    /// `/oauth/token`.
    case federation
    /// What auditors ask, and their page.
    case audit
    /// What administrators do.
    case administration
    /// Discovery, keys and the log's tree.
    case published
}

/// How a trade at a cloud ended, for metrics.
enum TradeOutcome: String, CaseIterable, Sendable {
    case succeeded
    case refused
    case outage
    case broken
}

/// What the ledger does, for metrics.
enum LedgerStep: String, CaseIterable, Sendable {
    /// From when an entry is handed over until it is durable.
    case recorded
}

extension Endpoint {
    /// What kind of call it is; nil for what keeps the broker running.
    var kind: CallKind? {
        switch self {
        case .token, .whoami: .token
        case .credentials, .awsCredentials, .targetToken, .targetOutcome: .credential
        case .context, .unmasked: .secret
        case .register, .showRun, .endRun: .run
        case .exchange: .federation
        case .discovery, .keys, .checkpoint, .logKey, .logDescription, .witnessed, .tile: .published
        case .health, .readiness, .figures: nil
        case .auditEntries, .auditEntry, .auditConsistency, .auditSummary, .page, .pageFile, .showSession,
            .beginSession, .endSession:
            .audit
        case .listKeys, .prepareKeys, .activateKey, .retireKey, .revokeKey, .revoke, .listRevocations, .liftRevocation,
            .putSecret, .deleteSecret, .listSecrets, .listVersions, .rollBackSecret, .importSecrets, .inventory,
            .listElsewhere, .secretReport, .probe:
            .administration
        }
    }
}
