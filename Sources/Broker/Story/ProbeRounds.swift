internal import Auditing
package import Exchange
package import HTTP
internal import Ledger
internal import Logs
internal import Time

/// Probes on a schedule: each target that has `probe: true`, as often as it says.
extension Broker {
    /// Probes the targets whose time has come; called now and then.
    ///
    /// When a target was last probed the ledger tells, so that restarts neither skip a round nor add one.
    package func probeRound(over transport: any Transport, pacing: Pacing, trace: String) async {
        for target in now.targets.values.sorted(by: { $0.name < $1.name }) {
            guard let every = target.probed else { continue }
            do throws(Problem) {
                if let last = try await lastProbe(of: target.name), clock() - last < every { continue }
                _ = try await probe(target.name, trace: trace, over: transport, pacing: pacing)
            } catch {
                log.tracing(trace).warning(
                    "a target could not be probed",
                    ["target": target.name, "reason": error.detail ?? error.reason]
                )
            }
        }
    }

    private func lastProbe(of target: String) async throws(Problem) -> UnixTime? {
        var query = AuditQuery()
        query.kind = .probeSent
        query.target = target
        return try await recall(query, upTo: 1).first?.leaf.time
    }
}
