internal import Auditing
internal import Configuration
internal import Encoding
internal import HTTP

/// `GET /v1/audit/entries` and `/v1/audit/entries/INDEX`: the ledger, for auditors.
extension Broker {
    /// The newest entries that match the query's filters, a page at a time.
    func auditEntries(_ call: Call) async throws(Problem) -> HTTPResponse {
        let auditor = try await auditor(of: call)
        let form = try call.query()
        let query: AuditQuery
        do throws(AuditError) {
            var asked = try AuditQuery(form)
            asked.projects = auditor.projects
            query = asked
        } catch {
            throw Problem(error)
        }
        return try await admit(auditor) { () async throws(Problem) in
            try await audit { log throws(AuditError) in .json(200, try log.entries(matching: query).json) }
        }
    }

    /// What a period's entries add up to, for charts.
    func auditSummary(_ call: Call) async throws(Problem) -> HTTPResponse {
        let auditor = try await auditor(of: call)
        guard auditor.projects == nil else {
            throw try await denied(auditor, "see figures of all projects: its projects are some", call)
        }
        let form = try call.query()
        let query: AuditQuery
        do throws(AuditError) {
            query = try AuditQuery(form)
        } catch {
            throw Problem(error)
        }
        let moment = clock()
        return try await admit(auditor) { () async throws(Problem) in
            try await audit { log throws(AuditError) in .json(200, try log.summary(of: query, at: moment).json) }
        }
    }

    /// One entry, with the proof that the public checkpoint covers it.
    func auditEntry(_ call: Call) async throws(Problem) -> HTTPResponse {
        let auditor = try await auditor(of: call)
        guard let index = UInt64(call.parameters[0]) else {
            throw Problem(.notFound, "'\(call.parameters[0].prefix(32))' is no index of an entry.")
        }
        return try await admit(auditor) { () async throws(Problem) in
            var bounds = AuditQuery()
            bounds.projects = auditor.projects
            let query = bounds
            return try await audit { log throws(AuditError) in
                let entry = try log.entry(at: index)
                guard query.projects == nil || (try? EntryView(entry.stored)).map(query.mayShow) ?? false else {
                    throw AuditError(.notFound, "there is no entry \(index) of this auditor's projects")
                }
                return .json(200, entry.json)
            }
        }
    }

    /// The proof that the ledger of one size is the beginning of the one of another.
    func auditConsistency(_ call: Call) async throws(Problem) -> HTTPResponse {
        let auditor = try await auditor(of: call)
        let form = try call.query()
        let from = try size("from", form)
        let to = try size("to", form)
        guard let from else { throw Problem(.invalidRequest, "'from' is missing: the size of an earlier checkpoint.") }
        return try await admit(auditor) { () async throws(Problem) in
            try await audit { log throws(AuditError) in .json(200, try log.consistency(from: from, to: to)) }
        }
    }

    private func size(_ name: String, _ form: Form) throws(Problem) -> UInt64? {
        guard let text = form.fields.first(where: { $0.name == name })?.value else { return nil }
        guard let size = UInt64(text) else {
            throw Problem(.invalidRequest, "'\(name)' cannot be '\(text.prefix(32))'; it is a number of entries.")
        }
        return size
    }

    /// Asks the store on its own thread, so that no loop waits for the disk.
    func audit<Answer: Sendable>(
        _ question: @Sendable (AuditLog) throws(AuditError) -> Answer
    ) async throws(Problem) -> Answer {
        let log = audit
        do throws(AuditError) {
            return try await withTaskExecutorPreference(auditExecutor) { () async throws(AuditError) -> Answer in
                try question(log)
            }
        } catch {
            throw Problem(error)
        }
    }
}
