internal import Auditing
internal import Claims
internal import Configuration
internal import EventLoop
internal import Exchange
internal import Federation
internal import JSON
internal import Ledger
internal import Runs
internal import Stores
internal import Time
internal import TrustFiles

/// `jobpass trust migrate`: from one form of subjects to another, with nobody shut out on the way.
enum TrustMigrateCommand {
    static let to = Option.value(
        "to",
        "CLAIMS",
        "the new form: claims with commas between, such as project_id,ref,job",
        isRequired: true
    )
    static let from = Option.value("from", "CLAIMS", "the old form; by default what is configured")
    static let digest = Option.flag("digest", "in the new form a sub that is too long becomes its digest")
    static let target = Option.value("target", "TARGET", "of this target alone", repeats: true)
    static let since = Option.value(
        "since",
        "TIME",
        "tokens from this time on: 30d for the last 30 days (the default), or a day"
    )

    static let definition = Command(
        name: "migrate",
        summary:
            "go from one form of sub to another, with nobody shut out on the way",
        details: [
            "A cloud compares sub whole, so its policy must take both forms before the configuration changes, and the new one alone once no "
                + "token has the old one. First call: --to the new form; apply the policies that it writes, then change 'subject' in the "
                + "configuration and reload. Later calls: --from the old form --to the new one, until the old form is unused.",
            "Reads the configuration and the ledger on the broker's own host; asks no cloud and changes nothing.",
        ],
        options: [to, from, digest, target, since, TrustGenerateCommand.output, ConfigurationFile.option, .json],
        examples: [
            Command.Example(
                "jobpass trust migrate --to project_id,ref,workflow_id,job",
                "names that can be taken over give way to ids"
            ),
            Command.Example(
                "jobpass trust migrate --from project,ref,job --to project_id,ref,job --target aws-prod --output trust",
                "after the change: is the old form still used?"
            ),
        ],
        variables: [ConfigurationFile.variable],
        exits: [Command.Note("65", "a form names a claim that is none")],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let settings = try ConfigurationFile(invocation).settings
        let new = try format(to, invocation, settings, digest: invocation.has(digest))
        let old = try invocation[from].map { _ in try format(from, invocation, settings, digest: false) }
        let named = invocation.all(target)
        if let unknown = named.first(where: { name in !settings.targets.contains { $0.name == name } }) {
            throw CommandError.usage("\(invocation.label)there is no target '\(unknown)'")
        }
        let now = SystemClock.now()
        let start = try Moment.parse(since, invocation, now: now) ?? now - .seconds(30 * 86_400)
        let migration = try EventLoop.runToCompletion { _ in
            var migration = SubjectMigration(settings, from: old, to: new, targets: named)
            let source = LedgerSource.store(try OpenedStore.open(settings))
            try await IssuedClaims.walk(source) { view in
                guard view.leaf.time >= start else { return .stop }
                migration.take(view)
                return .goOn
            }
            return migration
        }
        let report = MigrationReport(migration, settings, start: start, now: now)
        let console = Console(invocation.environment)
        if let directory = invocation[TrustGenerateCommand.output] {
            _ = try TrustGenerateCommand.write(report.files, into: directory, console)
        }
        if invocation.has(.json) {
            try console.result(report.json)
        } else {
            let files = invocation[TrustGenerateCommand.output] == nil ? report.files : []
            try console.result(
                report.text(console.resultStyle) + files.map { "\n==> \($0.name) <==\n\($0.text)" }.joined()
            )
        }
        for note in report.notes { console.warning(note) }
        return .success
    }

    private static func format(
        _ option: Option,
        _ invocation: Invocation,
        _ settings: Settings,
        digest: Bool
    ) throws(CommandError) -> SubjectFormat {
        let names = (invocation[option] ?? "").split(separator: ",").map(String.init)
        let further = settings.principals.flatMap { principal -> [String] in
            if case .orchestrator(let attestor) = principal.role { Array(attestor.claims) } else { [] }
        }
        let known = ClaimName.standardNames + further + settings.federation.flatMap { $0.mappings.map(\.claim) }
        guard !names.isEmpty, Set(names).count == names.count else {
            throw CommandError.usage(
                "\(invocation.label)--\(option.name): wanted claims, each once, with commas between"
            )
        }
        if let unknown = names.first(where: { !known.contains($0) }) {
            throw CommandError(
                .badData,
                "--\(option.name): no run can have a claim '\(unknown)'",
                advice: "write some of \(known.joined(separator: ", "))"
            )
        }
        return SubjectFormat(names.map(ClaimName.init), digest: digest)
    }
}
