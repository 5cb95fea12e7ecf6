import JSON
import Retirement
import Support
import Testing

@Suite("The forms of the report")
struct ReportFormTests {
    private func report() async throws -> JSON {
        let diary = try UseDiary()
        try await diary.set("KEY")
        try await diary.read("release")
        try await diary.fallBack("<b>x</b>")
        try await diary.exchange("release", times: 5)
        diary.day(60)
        return try diary.report().json
    }

    @Test("JSON has for each secret its verdict, reason, evidence, jobs, reads and fallbacks")
    func json() async throws {
        let report = try await report()
        let secret = try #require(report["secrets"]?.asArray?.first)
        #expect(secret["verdict"] == "unproven")
        #expect(secret["reads"] == ["7d": 0, "30d": 0, "90d": 2])
        #expect(secret["evidence"] == [1, 2, 3, 4, 5, 6, 7])
        #expect(secret["jobs"]?.asArray?.count == 2)
        #expect(secret["fallbacks"]?.asArray?.first?["index"] == 2)
        #expect(secret["overdue_since"]?.asString?.hasPrefix("2027-01-11") == true)
        #expect(report["unmanaged"]?.asArray?.first?["verdict"] == "unmanaged")
        #expect(report["summary"]?["unmanaged"] == 1)
        #expect(report["ledger_size"] == 8)
        #expect(try JSON.parse(report.serialized()) == report)
    }

    @Test("CSV has a line for each, and no field that a spreadsheet would run")
    func csv() async throws {
        let lines = ReportTable(try await report()).csv.split(separator: "\r\n").map(String.init)
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("\"context\",\"name\",\"verdict\",\"reason\",\"evidence\""))
        #expect(lines[1].hasPrefix("\"aws\",\"KEY\",\"unproven\","))
        #expect(lines[1].contains("\"1 2 3 4 5 6 7\""))
        #expect(lines[2].hasPrefix("\"context <aws>\",\"'=ELSEWHERE\",\"unmanaged\""))
    }

    @Test("the page needs nothing else, and what comes from outside is text in it")
    func page() async throws {
        let html = ReportPage(try await report()).html
        #expect(html.contains("default-src 'none'; style-src 'unsafe-inline'"))
        for needle in ["<script", "http://", "https://", "<b>x</b>", "context <aws>", "url("] {
            #expect(!html.contains(needle), "the page has \(needle)")
        }
        #expect(html.contains("&lt;b&gt;x&lt;/b&gt;"))
        #expect(html.contains("context &lt;aws&gt;"))
        #expect(html.split(separator: "<svg").count == 3, "a chart of verdicts and one of weeks")
        #expect(html.contains("Ledger entries: 1, 2, 3, 4, 5, 6, 7"))
    }

    @Test("the table has a row for each")
    func table() async throws {
        let table = ReportTable(try await report())
        #expect(
            table.rows.map { Array($0.prefix(4)) } == [
                ["aws", "KEY", "unproven", "60d"], ["context <aws>", "=ELSEWHERE", "unmanaged", "60d"],
            ]
        )
        #expect(table.rows.allSatisfy { $0.count == table.headings.count })
    }
}
