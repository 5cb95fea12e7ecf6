internal import Auditing
internal import Configuration
internal import HTTP
internal import JSON
internal import Ledger
internal import Retirement
internal import Secrets
internal import Time

/// `GET /v1/secrets/report`: which static secrets can go; for administrators and auditors.
extension Broker {
    /// The report, by the query's rules.
    func report(_ call: Call) async throws(Problem) -> HTTPResponse {
        try await requireReader(call)
        let query = try ReportQuery(call, now: clock())
        var contexts: [RetirementStock.Context] = []
        let inventory: [InventoryItem]
        do throws(SecretsError) {
            for settings in now.contexts {
                let known = try await secrets.list(settings.name)
                contexts.append(RetirementStock.Context(settings: settings, secrets: known))
            }
            inventory = try await secrets.inventory()
        } catch {
            throw Problem(error)
        }
        let stock = RetirementStock(contexts: contexts, fallbacks: now.fallbacks, inventory: inventory)
        let (ledger, moment) = (audit, query.moment)
        let history: UseHistory
        do throws(LedgerError) {
            history = try await withTaskExecutorPreference(auditExecutor) {
                () async throws(LedgerError) -> UseHistory in
                try UseHistory(of: ledger.storage, until: moment)
            }
        } catch {
            throw Problem(error)
        }
        return .json(200, RetirementReport(stock, history, rules: query.rules, now: moment).json)
    }

    /// Whoever may see names, dates and who reads what: an auditor, or an administrator of all contexts.
    private func requireReader(_ call: Call) async throws(Problem) {
        let principal = try await principal(of: call)
        guard case .auditor = principal.role else {
            _ = try await administrator(of: call)
            return
        }
        guard principal.projects == nil else {
            throw try await denied(principal, "read the report of all projects: its projects are some", call)
        }
    }
}

/// What a query asks of the report.
private struct ReportQuery {
    var rules = RetirementRules()
    let moment: UnixTime

    init(_ call: Call, now: UnixTime) throws(Problem) {
        let query = try call.query()
        if let text = try call.value("unread_for", in: query) {
            guard let span = try? Duration(parsing: text), span > .zero else {
                throw Problem(.invalidRequest, "'unread_for' is '\(text.prefix(32))', wanted a duration such as 30d.")
            }
            rules.unreadFor = span
        }
        if let text = try call.value("exchanges", in: query) {
            guard let count = Int(text), (1...1_000).contains(count) else {
                throw Problem(.invalidRequest, "'exchanges' is '\(text.prefix(32))', wanted a number from 1 to 1000.")
            }
            rules.exchanges = count
        }
        guard let text = try call.value("at", in: query) else {
            moment = now
            return
        }
        guard let moment = (try? RFC3339.parse(text)) ?? (try? RFC3339.parseDate(text)) else {
            throw Problem(.invalidRequest, "'at' is '\(text.prefix(40))', wanted a time such as 2026-11-22T09:30:00Z.")
        }
        self.moment = moment
    }
}
