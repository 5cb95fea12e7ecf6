internal import HTTP
internal import Runs
internal import Text
internal import Time

/// `limits` and `runs`.
extension Section {
    func limits() -> LimitSettings {
        var limits = LimitSettings()
        let keys = Keys([
            "connections", "connections_per_address", "requests", "buffered_bytes", "header_bytes", "header_fields",
            "target_bytes", "body_bytes", "json_depth", "idle_timeout", "header_timeout", "request_timeout",
            "drain_timeout", "requests_per_run", "requests_per_principal", "run_rate", "run_burst", "principal_rate",
            "principal_burst", "address_rate", "address_burst", "unlimited_addresses", "tokens_per_run",
            "response_bytes", "secret_bytes",
        ])
        guard let section = section("limits", keys) else { return limits }
        section.read("connections", 1...100_000, into: &limits.connections)
        section.read("connections_per_address", 1...100_000, into: &limits.connectionsPerAddress)
        section.read("requests", 1...100_000, into: &limits.requests)
        section.read("buffered_bytes", (1 << 20)...(4 << 30), into: &limits.bufferedBytes)
        section.read("header_bytes", 1_024...(1 << 20), into: &limits.headerBytes)
        section.read("header_fields", 10...1_000, into: &limits.headerFields)
        section.read("target_bytes", 256...(64 << 10), into: &limits.targetBytes)
        section.read("body_bytes", 1_024...(16 << 20), into: &limits.bodyBytes)
        section.read("json_depth", 4...128, into: &limits.jsonDepth)
        section.read("idle_timeout", into: &limits.idleTimeout)
        section.read("header_timeout", into: &limits.headerTimeout)
        section.read("request_timeout", into: &limits.requestTimeout)
        section.read("drain_timeout", into: &limits.drainTimeout)
        section.read("requests_per_run", 1...100_000, into: &limits.requestsPerRun)
        section.read("requests_per_principal", 1...100_000, into: &limits.requestsPerPrincipal)
        section.read("run", into: &limits.runRate)
        section.read("principal", into: &limits.principalRate)
        section.read("address", into: &limits.addressRate)
        if let ranges = section.ranges("unlimited_addresses") { limits.unlimitedAddresses = ranges }
        section.read("tokens_per_run", 1...1_000_000_000, into: &limits.tokensPerRun)
        section.read("response_bytes", 4_096...(16 << 20), into: &limits.responseBytes)
        section.read("secret_bytes", 1...(64 << 10), into: &limits.secretBytes)
        if limits.secretBytes > limits.bodyBytes {
            section.refuse(
                section.has("secret_bytes") ? "secret_bytes" : "body_bytes",
                "a secret may have \(limits.secretBytes) bytes, and the body that brings it \(limits.bodyBytes)",
                fix: "lower secret_bytes, or raise body_bytes"
            )
        }
        return limits
    }

    func runLimits() -> RunLimits {
        var limits = RunLimits.standard
        let keys = Keys(["lifetime", "maximum_lifetime", "active", "further_claims", "claim_bytes", "claims_bytes"])
        guard let section = section("runs", keys) else { return limits }
        let week = Duration.seconds(7 * 86_400)
        limits.maximumLifetime =
            section.duration("maximum_lifetime", .seconds(60)...week) ?? limits.maximumLifetime
        let lifetime = section.duration("lifetime", .seconds(60)...week)
        if let lifetime, lifetime > limits.maximumLifetime {
            section.refuse(
                "lifetime",
                "\(lifetime.text) is longer than the maximum_lifetime of \(limits.maximumLifetime.text)",
                fix: "make it shorter, or raise maximum_lifetime"
            )
        }
        limits.lifetime = lifetime ?? min(limits.lifetime, limits.maximumLifetime)
        section.read("active", 1...10_000_000, into: &limits.activeRuns)
        section.read("further_claims", 1...256, into: &limits.furtherClaims)
        section.read("claim_bytes", 64...Pattern.maximumLength, into: &limits.valueLength)
        section.read("claims_bytes", 1_024...(16 << 10), into: &limits.totalLength)
        return limits
    }

    /// The two keys of a rate.
    private func read(_ what: String, into rate: inout Rate) {
        read("\(what)_rate", 1...1_000_000, into: &rate.perSecond)
        read("\(what)_burst", 1...1_000_000, into: &rate.burst)
    }

    /// A list of addresses and ranges, which may be empty; nil where the key is not there.
    func ranges(_ key: String) -> [AddressRange]? {
        guard has(key) else { return nil }
        return (texts(key, limit: 64, mayBeEmpty: true) ?? []).compactMap { text in
            guard let range = AddressRange(text.value) else {
                problems.error(
                    at: text.mark,
                    text.key,
                    "'\(text.value)' is no address, and no range that begins with its own first address",
                    fix: "write 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32"
                )
                return nil
            }
            return range
        }
    }

    private func read(_ key: String, _ bounds: ClosedRange<Int>, into field: inout Int) {
        if let value = integer(key, bounds) { field = value }
    }

    private func read(_ key: String, into field: inout Duration) {
        if let value = duration(key, .seconds(1)...(.seconds(3_600))) { field = value }
    }
}
