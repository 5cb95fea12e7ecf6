internal import Crypto
internal import JSON
internal import Time

/// What a measurement came to, for people and for programs.
struct BenchReport {
    let url: String
    let algorithm: SignatureAlgorithm
    let load: Load
    let isKeptAlive: Bool
    let outcome: Load.Outcome
    /// OpenSSL's own signatures a second, on all processors, in the same run.
    let signingRate: Double
    /// What a token signs a second with nothing around it; nil where no configuration names one.
    var tokenRate: Double?
    /// Of a broker that was started for the measurement.
    var peakMemory: Int?

    private static let shares: [(name: String, share: Double)] = [
        ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("longest", 1),
    ]

    private var failures: [(status: Int, count: Int)] {
        outcome.failures.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Lines of names and values.
    func text(_ style: Style) -> String {
        var table = Table("WHAT", "MEASURED")
        table.add("tokens a second", Self.number(outcome.rate))
        table.add("OpenSSL alone, signatures a second", Self.number(signingRate))
        if signingRate > 0 { table.add("share of that", "\(Self.number(100 * outcome.rate / signingRate)) %") }
        if let tokenRate { table.add("the PKCS#11 token alone, signatures a second", Self.number(tokenRate)) }
        for (name, share) in Self.shares {
            table.add("latency \(name)", "\(Self.milliseconds(outcome.latencies.value(at: share))) ms")
        }
        table.add("tokens", "\(outcome.latencies.count)")
        for (status, count) in failures { table.add(status == 0 ? "no answer" : "answers of \(status)", "\(count)") }
        if let peakMemory { table.add("the broker's memory, at most", "\(peakMemory >> 20) MiB") }
        let pace =
            switch load.pace {
            case .closed: "as fast as the answers come"
            case .open(let rate): "\(Self.number(rate)) a second, late ones counted from when they were due"
            }
        return """
            \(algorithm.rawValue) tokens of \(url), each in the ledger before it left
            \(load.connections) connections\(isKeptAlive ? "" : ", a new one each time"), \(load.duration.text), \(pace)

            \(table.text(style))
            """
    }

    /// One object; durations are in seconds.
    var json: JSON {
        var latency = JSONObject()
        for (name, share) in Self.shares {
            latency[name] = .number(outcome.latencies.value(at: share) / .seconds(1))
        }
        var failed = JSONObject()
        for (status, count) in failures { failed["\(status)"] = .integer(Int64(count)) }
        var answer: JSONObject = [
            "url": .string(url), "algorithm": .string(algorithm.rawValue),
            "connections": .integer(Int64(load.connections)), "keep_alive": .bool(isKeptAlive),
            "seconds": .number(outcome.elapsed / .seconds(1)),
            "tokens": .integer(Int64(clamping: outcome.latencies.count)),
            "tokens_per_second": .number(outcome.rate), "openssl_signatures_per_second": .number(signingRate),
            "latency_seconds": .object(latency),
            "failures": .object(failed),
        ]
        if case .open(let rate) = load.pace { answer["rate"] = .number(rate) }
        if let tokenRate { answer["pkcs11_signatures_per_second"] = .number(tokenRate) }
        if let peakMemory { answer["peak_memory_bytes"] = .integer(Int64(peakMemory)) }
        return .object(answer)
    }

    private static func number(_ value: Double) -> String {
        value < 100 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
    }

    private static func milliseconds(_ value: Duration) -> String {
        "\((value / .microseconds(10)).rounded() / 100)"
    }
}
