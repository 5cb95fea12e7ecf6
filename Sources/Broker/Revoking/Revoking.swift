internal import Auditing
package import Exchange
package import HTTP
package import JSON
internal import Ledger
internal import Logs
package import Runs
internal import Synchronization
internal import Text
package import Time
internal import TrustFiles

/// The kill switch: a run, a project, a key, or every run since a moment gets nothing more.
extension Broker {
    /// What an administrator wants to have revoked.
    package struct RevocationWish: Sendable {
        package let scope: Revocation.Scope
        /// When a project is let in again by itself; nil for never.
        package let until: UnixTime?
        /// Why, for everybody who is refused.
        package let reason: String

        /// Makes a wish.
        package init(_ scope: Revocation.Scope, until: UnixTime?, reason: String) {
            self.scope = scope
            self.until = until
            self.reason = reason
        }
    }

    /// How long no run of any configuration lives, so that a revocation of runs has nothing to refuse after it.
    private static let longestRun = Duration.seconds(8 * 86_400)
    /// How many runs are ended at once: each waits for the ledger, whose commits many share.
    private static let endedAtOnce = 64

    /// Revokes, and answers what still lives.
    ///
    /// In this order: it is recorded; it is stored, from which moment on no broker of the store releases anything to what is shut
    /// out; a key is withdrawn, and another signs; runs are ended and what they hold is revoked; the ledger is asked what is left.
    package func revoke(
        _ wish: RevocationWish,
        by principal: String?,
        from address: String?,
        trace: String,
        over transport: any Transport,
        pacing: Pacing
    ) async throws(Problem) -> JSON {
        let exchange = exchange(over: transport, pacing)
        let scope = try await known(wish.scope)
        let revocation = revocations.prepare(
            scope,
            until: end(of: scope) ?? wish.until,
            by: principal,
            reason: wish.reason
        )
        let receipt = try await record(Entry(.revocationMade, revocation, by: principal, from: address, trace: trace))
        do throws(RunError) { try await revocations.add(revocation) } catch { throw Problem(error) }
        if case .key(let kid) = scope { try await withdraw(kid, by: principal, trace: trace, pacing: pacing) }
        log.tracing(trace).warning("revoked", ["what": "\(scope)", "revocation": revocation.id])
        let ended = try await endRuns(of: revocation, by: principal, trace: trace, through: exchange)
        heed(upTo: revocations.epoch)
        let survivors = try await survivors(of: revocation)
        var answer: JSONObject = [
            "revocation": revocation.json, "ledger_index": .integer(Int64(clamping: receipt.index)),
            "runs_ended": .integer(Int64(ended)),
        ]
        for member in survivors.json.members { answer[member.name] = member.value }
        answer["deny"] = .array(denials(of: survivors, revocation).map(\.json))
        return .object(answer)
    }

    /// Lets a project in again; the answer is what was lifted.
    package func lift(
        _ id: String,
        by principal: String?,
        from address: String?,
        trace: String
    ) async throws(Problem) -> JSON {
        do throws(RunError) { try await revocations.refresh() } catch { throw Problem(error) }
        guard let revocation = revocations.inForce.first(where: { $0.id == id }) else {
            throw Problem(.notFound, "No revocation '\(id.prefix(64))' is in force: see 'jobpass revoke --list'.")
        }
        guard case .project = revocation.scope else {
            throw Problem(.conflict, "What was ended or withdrawn does not come back: \(revocation.scope).")
        }
        try await record(Entry(.revocationLifted, revocation, by: principal, from: address, trace: trace))
        do throws(RunError) { try await revocations.lift(id) } catch { throw Problem(error) }
        log.tracing(trace).warning("a revocation was lifted", ["what": "\(revocation.scope)", "revocation": id])
        return revocation.json
    }

    /// Takes in what other brokers of the store have revoked, and ends what it ends of what is here; called from time to time.
    package func heedRevocations(over transport: any Transport, pacing: Pacing, trace: String) async {
        do throws(RunError) { try await revocations.refresh() } catch {
            return log.tracing(trace).warning("revocations could not be read", ["reason": error.description])
        }
        let epoch = revocations.epoch
        guard epoch > heeded.load(ordering: .relaxed) else { return }
        var ended = 0
        // Whoever revoked has recorded the end of each.
        for run in runs.active where revocations.revocation(of: run) != nil {
            do throws(RunError) {
                _ = try await runs.end(run.id)
                ended += 1
            } catch {
                // They are refused by the revocation; that they end is tried again at the next look.
                return log.tracing(trace).warning("a revoked run could not be ended", ["reason": error.description])
            }
        }
        if ended > 0 { log.tracing(trace).info("runs were ended that an administrator revoked", ["runs": "\(ended)"]) }
        await sweepHoldings(over: transport, pacing: pacing, trace: trace)
        heed(upTo: epoch)
    }

    private func heed(upTo epoch: Int64) { heeded.store(epoch, ordering: .relaxed) }

    /// The scope with whole names; a run that nobody knows, or a key that signs nothing here, is none.
    private func known(_ scope: Revocation.Scope) async throws(Problem) -> Revocation.Scope {
        switch scope {
        case .run(let id):
            guard try await isKnown(run: id) else {
                throw Problem(
                    .notFound,
                    "There is no run '\(id.prefix(64))': see 'jobpass audit list --kind run.registered'."
                )
            }
            return scope
        case .key(let name):
            let keys = try await office().list()["keys"]?.asArray ?? []
            let kids = keys.compactMap { $0["kid"]?.asString }
            let found = kids.filter { $0 == name || name.utf8.count >= 8 && $0.hasPrefix(name) }
            guard found.count == 1 else {
                throw Problem(.notFound, "No key has the kid '\(name.prefix(64))': see 'jobpass keys list'.")
            }
            return .key(found[0])
        case .project, .since: return scope
        }
    }

    /// A run that got one token and was over at once is in the ledger alone.
    private func isKnown(run id: String) async throws(Problem) -> Bool {
        do throws(RunError) {
            if try await runs.find(id) != nil { return true }
        } catch {
            throw Problem(error)
        }
        var query = AuditQuery()
        query.run = id
        query.limit = 1
        return try await !recall(query, upTo: 1).isEmpty
    }

    /// When there is nothing left to refuse; nil where that never comes by itself.
    private func end(of scope: Revocation.Scope) -> UnixTime? {
        switch scope {
        case .run, .since: clock() + Self.longestRun
        case .project, .key: nil
        }
    }

    private func withdraw(_ kid: String, by principal: String?, trace: String, pacing: Pacing) async throws(Problem) {
        _ = try await office().change(.revoke(kid), by: principal, trace: trace) {
            await pacing.sleep(.milliseconds(50))
        }
    }

    /// Ends the runs that a revocation is about, of every broker of the store; answers how many.
    private func endRuns(
        of revocation: Revocation,
        by principal: String?,
        trace: String,
        through exchange: Exchange
    ) async throws(Problem) -> Int {
        if case .key = revocation.scope { return 0 }
        let stored: [Run]
        do throws(RunError) { stored = try await runs.stored() } catch { throw Problem(error) }
        let here = runs.active
        let known = Set(here.map(\.id))
        let doomed = (here + stored.filter { !known.contains($0.id) }).filter(revocation.ends)
        var failure: Problem?
        for start in stride(from: 0, to: doomed.count, by: Self.endedAtOnce) {
            let batch = doomed[start..<min(start + Self.endedAtOnce, doomed.count)]
            let problems = await withTaskGroup(of: Problem?.self) { group in
                for run in batch {
                    group.addTask {
                        do throws(Problem) {
                            try await self.end(run, by: principal ?? "host", trace: trace, through: exchange)
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                var problems: [Problem] = []
                for await case let problem? in group { problems.append(problem) }
                return problems
            }
            failure = failure ?? problems.first
        }
        if let failure { throw failure }
        return doomed.count
    }
}

extension Revocation {
    /// Whether it ends a run that is there now; another broker's clock may have registered it a little later than this one's.
    fileprivate func ends(_ run: Run) -> Bool {
        if case .since(let moment) = scope { return run.registered >= moment }
        return isAbout(run)
    }

    /// As answers have it.
    var json: JSON {
        [
            "id": .string(id), scope.kind: .string(scope.value), "made_at": .string(RFC3339.format(made)),
            "until": until.map { .string(RFC3339.format($0)) } ?? .null,
            "principal": principal.map { .string($0) } ?? .null, "reason": .string(reason),
        ]
    }
}

extension Entry {
    /// A revocation that was made or lifted.
    fileprivate init(
        _ kind: EntryKind,
        _ revocation: Revocation,
        by principal: String?,
        from address: String?,
        trace: String
    ) {
        self.init(kind, .succeeded, trace: trace)
        self.principal = principal
        self.address = address
        switch revocation.scope {
        case .run(let id): run = id
        case .key(let kid): self.kid = kid
        case .project(let pattern):
            claims = JSON.object(["project": .string(pattern.description)]).serialized()
        case .since: break
        }
        expires = kind == .revocationMade ? revocation.until : nil
        let why = revocation.reason.isEmpty ? "" : ": \(revocation.reason)"
        reason = "\(revocation.id), \(revocation.scope)\(why)"
    }
}
