import Encoding
import Ledger
import Retirement
import Secrets
import Support
import Testing
import Time

/// A ledger and a stock of secrets, written day by day.
struct UseDiary {
    let book: LedgerHarness
    let ledger: Ledger
    let context: ContextName
    private let start: UnixTime

    init() throws {
        book = try LedgerHarness(storage: MemoryLedgerStorage())
        try book.create()
        ledger = try book.open()
        context = try .named("aws")
        start = book.clock.now
    }

    /// Turns the clock to a day after the beginning.
    func day(_ number: Int64) { book.clock.advance(by: start + .seconds(number * 86_400) - book.clock.now) }

    /// Records an event of a job, and returns its index.
    @discardableResult
    func record(_ kind: EntryKind, _ job: String, _ change: (inout Entry) -> Void) async throws -> UInt64 {
        var entry = Entry(kind, .succeeded, trace: "t")
        entry.claims = Array(#"{"project":"acme/web","workflow":"deploy","job":"\#(job)"}"#.utf8)
        change(&entry)
        return try await ledger.record(entry).index
    }

    @discardableResult
    func set(_ secret: String) async throws -> UInt64 {
        var entry = Entry(.secretChanged, .succeeded, trace: "t")
        entry.context = context.text
        entry.secret = secret
        entry.principal = "admin"
        return try await ledger.record(entry).index
    }

    @discardableResult
    func read(_ job: String, _ secret: String? = nil) async throws -> UInt64 {
        try await record(.secretRead, job) {
            $0.context = context.text
            $0.secret = secret
        }
    }

    @discardableResult
    func fallBack(_ job: String, at target: String = "prod") async throws -> UInt64 {
        try await record(.fallbackUsed, job) {
            $0.context = context.text
            $0.target = target
            $0.cause = "connection: refused"
        }
    }

    @discardableResult
    func exchange(_ job: String, at target: String = "prod", times: Int = 1) async throws -> [UInt64] {
        var indexes: [UInt64] = []
        for _ in 0..<times {
            indexes.append(try await record(.exchangeSucceeded, job) { $0.target = target })
        }
        return indexes
    }

    /// The report on secrets that were set on the first day, or on another.
    func report(
        _ names: [String] = ["KEY"],
        setOn day: Int64 = 0,
        fallbackUntil: String? = "2030-01-31",
        replacedBy: String? = nil,
        rules: RetirementRules = RetirementRules(),
        at moment: UnixTime? = nil
    ) throws -> RetirementReport {
        let created = start + .seconds(day * 86_400)
        let summaries = try names.map { name in
            SecretSummary(name: try .named(name), version: 1, created: created, changed: created, deleted: nil)
        }
        var fallbacks: [String: Fallback] = [:]
        if let fallbackUntil {
            fallbacks["prod"] = try Fallback(context: context.text, until: fallbackUntil, reason: "why")
        }
        let settings = ContextSettings(name: context, maxAge: .seconds(50 * 86_400), replacedBy: replacedBy)
        let stock = RetirementStock(
            contexts: [RetirementStock.Context(settings: settings, secrets: summaries)],
            fallbacks: fallbacks,
            inventory: [
                try InventoryItem(
                    source: "circleci",
                    place: "context <aws>",
                    name: "=ELSEWHERE",
                    created: start,
                    updated: nil,
                    listed: start
                )
            ]
        )
        let now = moment ?? book.clock.now
        return RetirementReport(stock, try UseHistory(of: book.storage, until: now), rules: rules, now: now)
    }

    /// The finding on the one secret.
    func finding(_ report: RetirementReport) throws -> SecretFinding { try #require(report.findings.first) }
}

@Suite("Verdicts on static secrets")
struct VerdictTests {
    @Test("what was not read for thirty days, and whose jobs exchange since, can go; the evidence is those entries")
    func deleteNow() async throws {
        let diary = try UseDiary()
        try await diary.set("KEY")
        let first = try await diary.read("release")
        diary.day(3)
        let last = try await diary.fallBack("nightly")
        diary.day(10)
        let exchanged = try await diary.exchange("release", times: 7)
        let other = try await diary.exchange("nightly", times: 5)
        diary.day(33)
        let finding = try diary.finding(try diary.report())
        #expect(finding.verdict == .deleteNow, "\(finding.reason)")
        #expect(finding.evidence == ([first, last] + exchanged.suffix(5) + other).sorted())
        #expect(finding.jobs.map(\.name.job) == ["nightly", "release"])
        #expect(finding.jobs.map(\.exchanges) == [5, 7])
        #expect(finding.fallbackUses.map(\.cause) == ["connection: refused"])
        #expect([finding.reads.week, finding.reads.month, finding.reads.quarter] == [0, 0, 2])
        #expect(finding.owner == "admin")
        #expect(finding.replacements == ["prod"])
    }

    @Test("a read on the thirtieth day keeps it, and a day later no more")
    func boundary() async throws {
        let diary = try UseDiary()
        try await diary.set("KEY")
        let read = try await diary.read("release")
        try await diary.exchange("release", times: 5)
        diary.day(29)
        let kept = try diary.finding(try diary.report())
        #expect(kept.verdict == .keep)
        #expect(kept.evidence == [read])
        diary.day(30)
        #expect(try diary.finding(try diary.report()).verdict == .deleteNow)
    }

    @Test("exchanges before the last read prove nothing, and neither do another job's or another target's")
    func wrongExchanges() async throws {
        let diary = try UseDiary()
        try await diary.set("KEY")
        try await diary.exchange("release", times: 9)
        try await diary.read("release")
        try await diary.exchange("release", times: 4)
        try await diary.exchange("nightly", times: 9)
        try await diary.exchange("release", at: "qa", times: 9)
        diary.day(40)
        let finding = try diary.finding(try diary.report())
        #expect(finding.verdict == .unproven)
        #expect(finding.reason.contains("acme/web deploy/release (4)"))
        var rules = RetirementRules()
        rules.exchanges = 4
        #expect(try diary.finding(try diary.report(rules: rules)).verdict == .deleteNow)
    }

    @Test("of several jobs each has to have had its exchanges")
    func everyJob() async throws {
        let diary = try UseDiary()
        try await diary.set("KEY")
        try await diary.read("release")
        try await diary.read("nightly")
        try await diary.exchange("release", times: 9)
        diary.day(40)
        #expect(try diary.finding(try diary.report()).verdict == .unproven)
    }

    @Test("without a target that replaces it, it is the only way, and the jobs are named")
    func onlyWay() async throws {
        let diary = try UseDiary()
        try await diary.set("KEY")
        try await diary.read("release")
        diary.day(40)
        let finding = try diary.finding(try diary.report(fallbackUntil: nil))
        #expect(finding.verdict == .keep)
        #expect(finding.reason.contains("no target replaces it for acme/web deploy/release"))
        try await diary.exchange("release", at: "prod", times: 5)
        #expect(try diary.finding(try diary.report(fallbackUntil: nil, replacedBy: "prod")).verdict == .deleteNow)
    }

    @Test("what no job has ever read goes after thirty days, where what replaces it works or nothing has to")
    func neverRead() async throws {
        let diary = try UseDiary()
        let set = try await diary.set("KEY")
        diary.day(29)
        #expect(try diary.finding(try diary.report(fallbackUntil: nil)).verdict == .unproven)
        diary.day(30)
        let unused = try diary.finding(try diary.report(fallbackUntil: nil))
        #expect(unused.verdict == .deleteNow)
        #expect(unused.evidence == [set])
        #expect(try diary.finding(try diary.report()).verdict == .unproven, "its target has never worked")
        let exchanged = try await diary.exchange("release", times: 5)
        let proved = try diary.finding(try diary.report())
        #expect(proved.verdict == .deleteNow)
        #expect(proved.evidence == [set] + exchanged)
    }

    @Test("a fallback that ends soon, or has ended, is told as long as its secrets cannot go")
    func expiring() async throws {
        let diary = try UseDiary()
        try await diary.set("KEY")
        try await diary.read("release")
        // The clock begins on 2026-11-22.
        let soon = try diary.finding(try diary.report(fallbackUntil: "2026-12-20"))
        #expect(soon.verdict == .expiring)
        #expect(soon.reason.hasPrefix("the fallback that it serves ends on 2026-12-20; read in the last 30d"))
        #expect(try diary.finding(try diary.report(fallbackUntil: "2026-12-23")).verdict == .keep)
        diary.day(40)
        let over = try diary.finding(try diary.report(fallbackUntil: "2026-12-20"))
        #expect(over.verdict == .expiring)
        #expect(over.reason.contains("is over since 2026-12-20"))
        try await diary.exchange("release", times: 5)
        #expect(try diary.finding(try diary.report(fallbackUntil: "2026-12-20")).verdict == .deleteNow)
    }

    @Test("a read by name counts for that secret alone, and one of the whole context for what was there")
    func byName() async throws {
        let diary = try UseDiary()
        try await diary.set("KEY")
        try await diary.set("OTHER")
        try await diary.read("release", "KEY")
        diary.day(1)
        let report = try diary.report(["KEY", "OTHER"])
        #expect(report.findings.map(\.reads.week) == [1, 0])
        #expect(try diary.report(["LATER"], setOn: 1).findings.map(\.reads.week) == [0])
        try await diary.read("release")
        #expect(try diary.report(["KEY", "OTHER"]).findings.map(\.reads.week) == [2, 1])
        #expect(try diary.report(["LATER"], setOn: 1).findings.map(\.reads.week) == [1])
    }

    @Test("as of a moment in the past, what came later does not count")
    func moment() async throws {
        let diary = try UseDiary()
        try await diary.set("KEY")
        try await diary.read("release")
        try await diary.exchange("release", times: 5)
        diary.day(31)
        let then = diary.book.clock.now
        diary.day(32)
        try await diary.read("release")
        #expect(try diary.finding(try diary.report()).verdict == .keep)
        let past = try diary.report(at: then)
        #expect(try diary.finding(past).verdict == .deleteNow)
        #expect(past.entries == 7)
    }

    @Test("weeks show how credentials were had, and the counts what there is")
    func shares() async throws {
        let diary = try UseDiary()
        try await diary.set("KEY")
        try await diary.read("release")
        diary.day(1)
        try await diary.exchange("release", times: 3)
        try await diary.fallBack("release")
        diary.day(51)
        try await diary.exchange("release", times: 2)
        let report = try diary.report()
        // 2026-11-22 is a Sunday: the next day is another week.
        #expect(report.shares.map(\.since).first == (try RFC3339.parseDate("2026-11-16")))
        #expect(report.shares[0].reads == 1)
        #expect(report.shares[1].exchanged == 0.75)
        #expect(report.shares.last?.exchanged == 1)
        #expect(report.shares[3].exchanged == nil)
        #expect(report.overdue == 1)
        #expect(report.counts == [.deleteNow: 0, .unmanaged: 1, .unproven: 1].filter { $0.value > 0 })
    }
}
