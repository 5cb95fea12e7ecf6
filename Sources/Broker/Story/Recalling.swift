internal import Auditing

/// What the ledger says of the past, asked where no loop waits for it.
extension Broker {
    /// How many entries match a query, or `most` where there are more.
    func count(_ query: AuditQuery, upTo most: Int) async throws(Problem) -> Int {
        let audit = audit
        do throws(AuditError) {
            return try await withTaskExecutorPreference(auditExecutor) { () async throws(AuditError) -> Int in
                var (question, count) = (query, 0)
                while true {
                    let page = try audit.entries(matching: question)
                    count += page.records.count
                    guard count < most else { return most }
                    guard let next = page.next else { return count }
                    question.cursor = next
                }
            }
        } catch {
            throw Problem(error)
        }
    }
}
