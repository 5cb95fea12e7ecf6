internal import Auditing
internal import Ledger

/// What the ledger says of the past, asked where no loop waits for it.
extension Broker {
    /// How many entries match a query, or `most` where there are more.
    func count(_ query: AuditQuery, upTo most: Int) async throws(Problem) -> Int {
        var (question, count) = (query, 0)
        while count < most {
            let page = try await page(question)
            count += page.records.count
            guard let next = page.next else { return count }
            question.cursor = next
        }
        return most
    }

    /// The newest entries that match a query, `most` of them, without those that were pruned.
    func recall(_ query: AuditQuery, upTo most: Int) async throws(Problem) -> [EntryView] {
        var question = query
        question.limit = most
        var found: [EntryView] = []
        while found.count < most {
            let page = try await page(question)
            for case .entry(let view) in page.records { found.append(view) }
            guard let next = page.next else { break }
            question.cursor = next
        }
        return Array(found.prefix(most))
    }

    /// One page of what matches a query.
    func page(_ query: AuditQuery) async throws(Problem) -> AuditPage {
        let audit = audit
        do throws(AuditError) {
            return try await withTaskExecutorPreference(auditExecutor) { () async throws(AuditError) in
                try audit.entries(matching: query)
            }
        } catch {
            throw Problem(error)
        }
    }
}
