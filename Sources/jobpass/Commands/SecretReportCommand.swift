internal import Encoding
internal import EventLoop
internal import JSON
internal import POSIX
internal import Retirement
internal import Time

/// `jobpass secret report`: which static secrets can go.
enum SecretReportCommand {
    static let unread = Option.value(
        "unread-for",
        "DURATION",
        "how long a secret must not have been read before it can go; 30d by default"
    )
    static let exchanges = Option.value(
        "exchanges",
        "N",
        "how many exchanges each job that read it must have had since; 5 by default"
    )
    static let moment = Option.value(
        "at",
        "TIME",
        "report as of this moment or day in the past, by the ledger up to it"
    )
    static let format = Option.value(
        "format",
        "FORMAT",
        "table (the default), json, csv, or html: one page with charts that needs nothing else",
        kind: .choice(Form.allCases.map(\.rawValue))
    )
    static let failOn = Option.value(
        "fail-on",
        "LIST",
        "exit with 65 where any secret is one of these, parted by commas: overdue, \(verdicts)"
    )

    /// The forms of the report.
    enum Form: String, CaseIterable {
        case table
        case json
        case csv
        case html
    }

    private static let verdicts = Retirement.Verdict.allCases.map(\.rawValue).joined(separator: ", ")

    static let definition = Command(
        name: "report",
        summary: "show which static secrets can go, with the ledger entries that prove it",
        details: [
            "delete-now: not read for --unread-for, and every job that read it has had --exchanges exchanges since at the target "
                + "that replaces it (that whose fallback it is, or replaced_by of its context). expiring: the fallback that it "
                + "serves is over or ends within 30 days, and it is still needed. keep: still the only way, or read a short while ago; "
                + "it says by which jobs. unproven: too little history. unmanaged: kept elsewhere, as an import has listed.",
            "The evidence is the indexes of ledger entries: 'jobpass audit show INDEX' shows and proves each.",
            SecretCommand.access,
        ],
        options: [unread, exchanges, moment, format, failOn, .json] + SecretCommand.options,
        examples: [
            Command.Example("jobpass secret report", "what to delete next"),
            Command.Example("jobpass secret report --format html > secrets.html", "a page to send around"),
            Command.Example("jobpass secret report --fail-on overdue,delete-now", "keep a pipeline honest"),
        ],
        variables: SecretCommand.variables,
        exits: SecretCommand.exits(Command.Note("65", "--fail-on found what it looks for")),
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let wanted = try wanted(invocation)
        let report = try SecretCommand.desk(invocation).report(try query(invocation))
        let console = Console(invocation.environment)
        switch try form(invocation) {
        case .json: try console.result(report)
        case .csv: try StandardOutput.write(ReportTable(report).csv)
        case .html: try StandardOutput.write(ReportPage(report).html)
        case .table: try show(report, console)
        }
        let found = wanted.filter { report["summary"]?[$0]?.asInteger ?? 0 > 0 }
        guard found.isEmpty else {
            let counts = found.map { "\(report["summary"]?[$0]?.text ?? "") \($0)" }.joined(separator: ", ")
            throw CommandError(.badData, "--fail-on: \(counts)")
        }
        return .success
    }

    private static func form(_ invocation: Invocation) throws -> Form {
        if invocation.has(.json) { return .json }
        return try invocation[format].map { try invocation.choice($0) } ?? .table
    }

    private static func wanted(_ invocation: Invocation) throws(CommandError) -> [String] {
        let words = (invocation[failOn] ?? "").split(separator: ",").map(String.init)
        for word in words where word != "overdue" && Retirement.Verdict(rawValue: word) == nil {
            throw .usage("\(invocation.label)--fail-on: '\(word)' is none of overdue, \(verdicts)")
        }
        return words
    }

    private static func query(_ invocation: Invocation) throws -> Encoding.Form {
        var query = Encoding.Form()
        if let span = try invocation.duration(unread) { query.append("unread_for", span.text) }
        if let count = try invocation.integer(exchanges, in: 1...1_000) { query.append("exchanges", String(count)) }
        if let text = invocation[moment] {
            guard (try? RFC3339.parse(text)) != nil || (try? RFC3339.parseDate(text)) != nil else {
                throw CommandError.usage("\(invocation.label)--at: '\(text)' is no time such as 2026-11-22T09:30:00Z")
            }
            query.append("at", text)
        }
        return query
    }

    private static func show(_ report: JSON, _ console: Console) throws {
        let table = ReportTable(report)
        guard !table.rows.isEmpty else {
            console.note("there are no static secrets, here or in an inventory")
            return
        }
        var shown = Table(table.headings)
        shown.rows = table.rows
        try console.result(shown.text(console.resultStyle))
        let summary = report["summary"]
        let counts = (Retirement.Verdict.allCases.map(\.rawValue) + ["overdue"]).map {
            "\(summary?[$0]?.text ?? "0") \($0)"
        }
        console.note(counts.joined(separator: ", "))
        if let week = report["share"]?.asArray?.last(where: { $0["exchanged"] != .null }),
            case .number(let part)? = week["exchanged"]
        {
            console.note(
                "in the week of \(week["week"]?.asString ?? "") \(Int((part * 100).rounded())) % of credentials came by exchange"
            )
        }
    }
}
