package import Exchange
package import HTTP
internal import Ledger
internal import Logs
internal import Runs
internal import Time

/// The last step: a run ends, and with it whatever it got that can be ended.
extension Broker {
    /// Ends a run, at once and for good.
    ///
    /// Its request token is dead first; then what it holds is named in the ledger, and ended where its cloud does that.
    func end(_ run: Run, by principal: String, trace: String, through exchange: Exchange) async throws(Problem) {
        let before: RunStatus?
        do throws(RunError) {
            before = try await runs.end(run.id)
        } catch {
            throw Problem(error)
        }
        guard before?.state == .active else { return }
        let held = holdings.take(of: run.id, at: clock())
        var entry = Entry.ended(run, by: principal, trace: trace)
        entry.reason = Self.outlook(held)
        do throws(Problem) {
            try await record(entry)
        } catch {
            // Nobody remembers any more what the run held, so it ends now or not before its time.
            await revoke(held, of: run, trace: trace, through: exchange)
            throw error
        }
        await revoke(held, of: run, trace: trace, through: exchange)
    }

    /// Ends what runs hold that are over by themselves, or that another broker of the same store has ended; called from time
    /// to time.
    package func sweepHoldings(over transport: any Transport, pacing: Pacing, trace: String) async {
        let exchange = exchange(over: transport, pacing)
        accounts.keepTokens { runs.remembered($0) != nil }
        for id in holdings.runs {
            guard let status = try? await runs.find(id), status.state != .active else { continue }
            let held = holdings.take(of: id, at: clock())
            guard !held.isEmpty else { continue }
            log.tracing(trace).info(
                "a run is over that held credentials",
                ["run": id, "held": Self.outlook(held) ?? ""]
            )
            await revoke(held, of: status.run, trace: trace, through: exchange)
        }
    }

    /// Ends credentials at their clouds, all at once, and records of each how that went; those of probes are of no run.
    func revoke(_ held: [HeldCredential], of run: Run?, trace: String, through exchange: Exchange) async {
        await withTaskGroup(of: Void.self) { group in
            for credential in held where credential.revocation != nil {
                group.addTask { await self.revoke(credential, of: run, trace: trace, through: exchange) }
            }
        }
    }

    private func revoke(
        _ credential: HeldCredential,
        of run: Run?,
        trace: String,
        through exchange: Exchange
    ) async {
        guard let revocation = credential.revocation else { return }
        var entry: Entry
        do throws(ExchangeFailure) {
            try await exchange.revoke(revocation, at: credential.target)
            entry = Entry(.credentialRevoked, .succeeded, ofAny: run, trace: trace)
        } catch {
            entry = Entry(.credentialRevoked, error.outcome, ofAny: run, trace: trace)
            entry.cause = error.description
            entry.expires = credential.expires
            entry.reason = "it lives on \(Self.end(of: credential))"
            log.tracing(trace).warning(
                "a credential could not be revoked",
                [
                    "target": credential.target.name, "credential": credential.name ?? "", "run": run?.id ?? "",
                    "cause": error.description, "lives": Self.end(of: credential),
                ]
            )
        }
        entry.target = credential.target.name
        entry.credential = credential.name
        // It is over whether this is recorded or not, and nothing is released here.
        _ = try? await record(entry)
    }

    /// What becomes of what a run holds, for its last entry; nil where it holds nothing.
    private static func outlook(_ held: [HeldCredential]) -> String? {
        guard !held.isEmpty else { return nil }
        let ending = held.filter { $0.revocation != nil }.map(name)
        let living = held.filter { $0.revocation == nil }.map { "\(name($0)) \(end(of: $0))" }
        var parts: [String] = []
        if !ending.isEmpty { parts.append("being revoked: \(ending.joined(separator: ", "))") }
        if !living.isEmpty { parts.append("cannot be revoked and lives on: \(living.joined(separator: ", "))") }
        return parts.joined(separator: "; ")
    }

    private static func name(_ credential: HeldCredential) -> String {
        credential.target.name + (credential.name.map { " \($0)" } ?? "")
    }

    private static func end(of credential: HeldCredential) -> String {
        credential.expires.map { "until \(RFC3339.format($0))" } ?? "without an end"
    }
}

extension Entry {
    fileprivate init(_ kind: EntryKind, _ outcome: Outcome, ofAny run: Run?, trace: String) {
        if let run { self.init(kind, outcome, of: run, trace: trace) } else { self.init(kind, outcome, trace: trace) }
    }
}
