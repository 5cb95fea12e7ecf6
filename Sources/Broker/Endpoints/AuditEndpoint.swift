internal import Auditing
internal import Configuration
internal import HTTP

/// `GET /v1/audit/entries` and `/v1/audit/entries/INDEX`: the ledger, for auditors.
extension Broker {
    /// The newest entries that match the query's filters, a page at a time.
    func auditEntries(_ call: Call) async throws(Problem) -> HTTPResponse {
        let auditor = try await auditor(of: call)
        let form = try call.query()
        let query: AuditQuery
        do throws(AuditError) {
            query = try AuditQuery(form)
        } catch {
            throw Problem(error)
        }
        return try await admission.admit(auditor.name, limit: now.requestsPerPrincipal) { () async throws(Problem) in
            try await audit { log throws(AuditError) in .json(200, try log.entries(matching: query).json) }
        }
    }

    /// One entry, with the proof that the public checkpoint covers it.
    func auditEntry(_ call: Call) async throws(Problem) -> HTTPResponse {
        let auditor = try await auditor(of: call)
        guard let index = UInt64(call.parameters[0]) else {
            throw Problem(.notFound, "'\(call.parameters[0].prefix(32))' is no index of an entry.")
        }
        return try await admission.admit(auditor.name, limit: now.requestsPerPrincipal) { () async throws(Problem) in
            try await audit { log throws(AuditError) in .json(200, try log.entry(at: index).json) }
        }
    }

    /// Asks the store on its own thread, so that no loop waits for the disk.
    private func audit(
        _ question: @Sendable (AuditLog) throws(AuditError) -> HTTPResponse
    ) async throws(Problem) -> HTTPResponse {
        let log = audit
        do throws(AuditError) {
            return try await withTaskExecutorPreference(auditExecutor) { () async throws(AuditError) -> HTTPResponse in
                try question(log)
            }
        } catch {
            throw Problem(error)
        }
    }
}
