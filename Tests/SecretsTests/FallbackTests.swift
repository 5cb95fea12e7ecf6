import Ledger
import Policy
import Secrets
import Support
import Testing
import Time

@Suite("Whether a fallback may stand in")
struct FallbackTests {
    private func fallback() throws -> Fallback {
        try Fallback(context: VaultHarness.context, until: "2027-01-31", reason: "role not migrated yet")
    }

    @Test("an outage lets it, to the last millisecond of its last day in UTC")
    func outage() throws {
        let fallback = try fallback()
        for text in ["2026-11-22T09:30:00Z", "2027-01-31T00:00:00Z", "2027-01-31T23:59:59.999Z"] {
            guard case .use(let use) = fallback.decide(after: .outage, at: try RFC3339.parse(text)) else {
                Issue.record("refused at \(text)")
                continue
            }
            #expect(use.fallback == fallback)
            #expect(use.reason == "an outage; fallback until 2027-01-31: role not migrated yet")
        }
    }

    @Test("from the first moment after its last day nothing does", arguments: TradeEnd.allCases)
    func over(_ end: TradeEnd) throws {
        let fallback = try fallback()
        for text in ["2027-02-01T00:00:00Z", "2030-01-01T00:00:00Z"] {
            guard case .refuse(let refusal) = fallback.decide(after: end, at: try RFC3339.parse(text)) else {
                Issue.record("used at \(text)")
                continue
            }
            if end == .outage {
                #expect(refusal == .over(until: "2027-01-31"))
                #expect(refusal.description == "no fallback: its last day was 2027-01-31")
            }
        }
    }

    @Test("nothing but an outage lets it", arguments: TradeEnd.allCases.filter { $0 != .outage })
    func otherEnds(_ end: TradeEnd) throws {
        let decision = try fallback().decide(after: end, at: try RFC3339.parse("2026-11-22T09:30:00Z"))
        #expect(decision == .refuse(.notAnOutage(end)))
    }

    @Test("its secrets leave behind an entry that says why")
    func recorded() async throws {
        let harness = try VaultHarness()
        try await harness.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        guard case .use(let use) = try fallback().decide(after: .outage, at: harness.book.clock.now) else {
            Issue.record("refused")
            return
        }
        var entry = Entry(.fallbackUsed, .succeeded, trace: "trace")
        entry.target = "aws-prod"
        entry.cause = "timeout: sts.eu-west-1.amazonaws.com"
        let sealed = try await harness.vault.read(use, for: .sample(VaultHarness.context), recordedAs: entry)
        let values = try await harness.ledger.record(sealed).open()
        #expect(values.secrets.texts() == ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"])
        #expect(values.receipt.index == 1)
        entry.context = VaultHarness.context
        entry.reason = "an outage; fallback until 2027-01-31: role not migrated yet"
        #expect(try harness.entries().last == entry)
    }

    @Test("an empty context cannot stand in, and nothing is recorded as if it had")
    func empty() async throws {
        let harness = try VaultHarness()
        guard case .use(let use) = try fallback().decide(after: .outage, at: harness.book.clock.now) else {
            Issue.record("refused")
            return
        }
        await #expect {
            _ = try await harness.vault.read(
                use,
                for: .sample(VaultHarness.context),
                recordedAs: Entry(.fallbackUsed, .succeeded, trace: "trace")
            )
        } throws: {
            ($0 as? SecretsError)?.code == .notFound
        }
        #expect(try harness.entries().isEmpty)
    }
}
