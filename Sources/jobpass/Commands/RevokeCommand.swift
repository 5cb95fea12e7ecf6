internal import Broker
internal import Encoding
internal import HTTP
internal import JSON
internal import POSIX
internal import Text
internal import Time

/// `jobpass revoke`: the kill switch.
enum RevokeCommand {
    static let run = Option.value("run", "ID", "one run, as 'audit list' names it")
    static let project = Option.value(
        "project",
        "PROJECT",
        "every run of a project, now and later; * and ** as in rules"
    )
    static let kid = Option.value("kid", "KID", "a signing key, by its kid or the first eight characters of it")
    static let since = Option.value(
        "since",
        "TIME",
        "every run registered since a time such as 2026-11-22T09:30:00Z, or since so long ago, such as 2h"
    )
    static let until = Option.value("until", "TIME", "let the project in again at a time, or after so long, such as 1d")
    static let lift = Option.flag("lift", "let the project of --project in again")
    static let list = Option.flag("list", "show what is revoked")
    static let reason = Option.value("reason", "TEXT", "why; everybody who is refused is told, and the ledger has it")
    static let yes = Option.flag("yes", letter: "y", "do not ask on a terminal")

    static let definition = Command(
        name: "revoke",
        summary: "end a run, a project, a key or everything since a time, at once and on every broker",
        details: [
            "From the answer on nothing is issued or released to what is revoked, by any broker of the store: runs end, credentials "
                + "that can be revoked are, a key leaves the key set and another signs, and runs of a revoked project are not "
                + "registered until --until or --lift. It is recorded before it takes effect.",
            "What a broker cannot end is listed, with when it ends by itself: ID tokens and sessions that are out, and the "
                + "contexts of static secrets that were read, which somebody has to rotate. For each target's cloud the answer has "
                + "what to put there to end its sessions at once.",
            "Asks a broker as its administrator (--url or JOBPASS_URL) or, with --config, works on the broker's own host, beside "
                + "the broker or without it.",
        ],
        options: [run, project, kid, since, until, lift, list, reason, yes, ConfigurationFile.option]
            + BrokerOptions.all
            + [.json],
        examples: [
            Command.Example("jobpass revoke --project acme/web --reason 'token in a log'", "shut a project out"),
            Command.Example("jobpass revoke --project acme/web --lift", "and let it in again"),
            Command.Example("jobpass revoke --since 2h --json > left.json", "end every run of the last two hours"),
            Command.Example("jobpass revoke --kid 1IG2tMH7", "a signing key was stolen"),
        ],
        variables: BrokerOptions.principalVariables + [ConfigurationFile.variable],
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let desk = try RevocationDesk(invocation)
        let console = Console(invocation.environment)
        let given = [run, project, kid, since].filter { invocation[$0] != nil }
        if invocation.has(list) {
            guard given.isEmpty, !invocation.has(lift) else { throw usage(invocation, "--list takes no other") }
            return try show(list: try desk.list(), invocation, console)
        }
        guard given.count == 1, let option = given.first, let value = invocation[option] else {
            throw usage(invocation, "saw \(given.count) of --run, --project, --kid and --since, wanted one of them")
        }
        if invocation.has(lift) {
            guard option == project else { throw usage(invocation, "--lift goes with --project alone") }
            return try show(lifted: try desk.lift(project: value), value, invocation, console)
        }
        guard option == project || invocation[until] == nil else {
            throw usage(invocation, "--until goes with --project alone")
        }
        var wish: JSONObject = [:]
        wish[option.name] = .string(option == since ? try time(value, since, invocation, ahead: false) : value)
        if let end = invocation[until] { wish["until"] = .string(try time(end, until, invocation, ahead: true)) }
        if let why = invocation[reason] { wish["reason"] = .string(why) }
        try confirm("\(option.name) \(value)", invocation, console)
        return try show(try desk.revoke(.object(wish)), invocation, console)
    }

    private static func usage(_ invocation: Invocation, _ reason: String) -> CommandError {
        .usage("\(invocation.label)\(reason)", advice: "see: jobpass revoke --help")
    }

    /// A moment as it is written, or a duration from now.
    private static func time(
        _ text: String,
        _ option: Option,
        _ invocation: Invocation,
        ahead: Bool
    ) throws(CommandError) -> String {
        if let moment = (try? RFC3339.parse(text)) ?? (try? RFC3339.parseDate(text)) { return RFC3339.format(moment) }
        guard let distance = try? Duration(parsing: text) else {
            throw usage(invocation, "--\(option.name): '\(text.madeVisible)' is no time and no duration")
        }
        let now = SystemClock.now()
        return RFC3339.format(ahead ? now + distance : now - distance)
    }

    /// On a terminal a person says yes first; a script has said so by calling.
    private static func confirm(_ what: String, _ invocation: Invocation, _ console: Console) throws {
        guard StandardInput.isTerminal, !invocation.has(yes) else { return }
        StandardError.write("Revoke \(what.madeVisible), at once and on every broker? [y/N] ")
        let answer = String(decoding: try StandardInput.next(atMost: 64), as: UTF8.self)
        guard ["y", "yes"].contains(answer.lowercased().filter { $0.isLetter }) else {
            throw CommandError(.usage, "nothing was revoked")
        }
    }

    private static func show(list answer: JSON, _ invocation: Invocation, _ console: Console) throws -> ExitCode {
        if invocation.has(.json) {
            try console.result(answer)
            return .success
        }
        var table = Table("ID", "REVOKED", "AT", "UNTIL", "BY", "REASON")
        for revocation in answer["revocations"]?.asArray ?? [] {
            table.add(
                revocation["id"]?.asString ?? "",
                what(revocation),
                revocation["made_at"]?.asString ?? "",
                revocation["until"]?.asString ?? "-",
                revocation["principal"]?.asString ?? "host",
                revocation["reason"]?.asString ?? ""
            )
        }
        try console.result(table.text(console.resultStyle))
        return .success
    }

    private static func show(
        lifted answer: JSON,
        _ project: String,
        _ invocation: Invocation,
        _ console: Console
    ) throws -> ExitCode {
        if invocation.has(.json) { try console.result(answer) }
        console.note("\(project) is let in again; runs that were ended stay so")
        return .success
    }

    private static func show(_ answer: JSON, _ invocation: Invocation, _ console: Console) throws -> ExitCode {
        if invocation.has(.json) {
            try console.result(answer)
            return .success
        }
        let runs = answer["runs_ended"]?.asInteger ?? 0
        let credentials = answer["credentials_revoked"]?.asInteger ?? 0
        console.note(
            "revoked \(what(answer["revocation"] ?? .null)): \(runs) runs ended, \(credentials) credentials revoked"
        )
        let living = answer["living"]?.asArray ?? []
        guard !living.isEmpty else {
            console.note("nothing that was issued to it lives on")
            if runs == 0, let pattern = answer["revocation"]?["project"]?.asString {
                console.warning(
                    "no run of '\(pattern.madeVisible)' was found at all: see 'jobpass audit list' for how projects are spelled"
                )
            }
            try deny(answer, console)
            return .success
        }
        var table = Table("LIVES ON", "UNTIL", "RUN", "TARGET OR AUDIENCE", "NAME", "ENTRY")
        for item in living {
            let kind = item["kind"]?.asString ?? ""
            table.add(
                kind.replacing("_", with: " "),
                item["expires_at"]?.asString ?? (kind == "static_secrets" ? "rotated" : "revoked by hand"),
                item["run"]?.asString ?? "-",
                item["target"]?.asString ?? item["context"]?.asString ?? item["audience"]?.asString ?? "-",
                item["credential"]?.asString ?? item["secret"]?.asString ?? item["jti"]?.asString ?? "-",
                item["ledger_index"]?.asInteger.map { String($0) } ?? ""
            )
        }
        try console.result(table.text(console.resultStyle))
        if answer["complete"] == false {
            console.warning("there are more: these are the newest; see 'jobpass audit list'")
        }
        if let end = answer["over_at"]?.asString { console.note("all of it is over at \(end)") }
        try deny(answer, console)
        return .success
    }

    /// What to do at the clouds.
    private static func deny(_ answer: JSON, _ console: Console) throws {
        for denial in answer["deny"]?.asArray ?? [] {
            var text = "\n\(denial["target"]?.asString ?? "") (\(denial["type"]?.asString ?? ""))\n"
            for step in denial["steps"]?.asArray ?? [] {
                text += "  # \(step["purpose"]?.asString?.madeVisible ?? "")\n"
                if let file = step["file"], let name = file["name"]?.asString, let body = file["text"]?.asString {
                    text += "  # \(name.madeVisible):\n"
                    for line in body.split(separator: "\n") { text += "  #   \(line.madeVisible)\n" }
                }
                for command in step["commands"]?.asArray?.compactMap(\.asString) ?? [] {
                    text += "  \(command.madeVisible)\n"
                }
            }
            try console.result(text)
        }
    }

    private static func what(_ revocation: JSON) -> String {
        for kind in ["run", "project", "kid", "since"] {
            if let value = revocation[kind]?.asString { return "\(kind) \(value)" }
        }
        return ""
    }
}
