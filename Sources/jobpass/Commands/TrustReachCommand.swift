internal import Auditing
internal import Configuration
internal import Exchange
internal import JSON
internal import Ledger
internal import Policy
internal import Reach
internal import Secrets
internal import Stores
internal import Time

/// `jobpass trust reach`: who can reach what, by rule and by what really happened.
enum TrustReachCommand {
    static let project = Option.value("project", "PROJECT", "what this project's runs can reach, alone")
    static let target = Option.value("target", "TARGET", "who can reach this target, alone")
    static let unused = Option.value("unused", "DURATION", "only what nothing has used for so long, such as 90d")

    static let definition = Command(
        name: "reach",
        summary: "say who can reach what, and what of it was ever used",
        details: [
            "Takes the rules of the configuration and the whole ledger, on the broker's own host. Each rule of each target, "
                + "context and audience comes with how often and when last a run used it. For a rule that is wider than its uses "
                + "the tighter one is written out that would have served every past run; one without any use can go.",
            "Trades of doctor and probes are no uses.",
        ],
        options: [project, target, unused, ConfigurationFile.option, .json],
        examples: [
            Command.Example("jobpass trust reach --unused 90d", "what is allowed and nobody needs"),
            Command.Example("jobpass trust reach --project acme/web", "what this project can reach"),
        ],
        variables: [ConfigurationFile.variable],
        body: .action(run)
    )

    /// How long a rule may lie idle where the call does not say.
    private static let idle = Duration.seconds(90 * 86_400)

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let settings = try ConfigurationFile(invocation).settings
        var places = Self.places(of: settings)
        if let name = invocation[target] {
            places = places.filter { $0.kind == .target && $0.name == name }
            guard !places.isEmpty else { throw CommandError.usage("\(invocation.label)there is no target '\(name)'") }
        }
        let span = try invocation.duration(unused)
        let store = try OpenedStore.open(settings)
        let reach = Reach(
            places,
            try uses(of: places, in: store),
            unusedSince: SystemClock.now() - (span ?? idle),
            project: invocation[project]
        )
        let findings = span == nil ? reach.findings : reach.findings.filter(\.isUnused)
        try show(findings, invocation)
        return .success
    }

    private static func places(of settings: Settings) -> [Reach.Place] {
        let targets = settings.targets.compactMap { target in
            settings.policy.rule(ofTarget: target.name).map { Reach.Place(.target, target.name, $0.allow) }
        }
        let contexts = settings.contexts.compactMap { context in
            settings.policy.rules(ofContext: context.name.text).map { Reach.Place(.context, context.name.text, $0) }
        }
        return targets + contexts + settings.policy.audienceRules.map { Reach.Place(.audience, $0.audience, $0.allow) }
    }

    /// Every use in the ledger.
    private static func uses(of places: [Reach.Place], in store: any BrokerStore) throws -> Reach.Uses {
        let size = try store.head()?.size ?? 0
        var uses = Reach.Uses(of: places)
        var next: UInt64 = 0
        while next < size {
            let end = min(size, next + 1_000)
            for stored in try store.entries(in: next..<end) where PrunedLeaf(stored.bytes) == nil {
                add(try EntryView(stored), to: &uses)
            }
            next = end
        }
        return uses
    }

    private static func add(_ view: EntryView, to uses: inout Reach.Uses) {
        let entry = view.leaf.entry
        guard entry.principal != "doctor", let members = view.claims?.members else { return }
        let place: (Reach.Kind, String)?
        switch entry.kind {
        case .exchangeSucceeded: place = entry.target.map { (.target, $0) }
        case .secretRead, .fallbackUsed: place = entry.context.map { (.context, $0) }
        case .tokenIssued: place = entry.target == nil ? entry.audience.map { (.audience, $0) } : nil
        default: place = nil
        }
        guard let (kind, name) = place else { return }
        var claims: [String: String] = [:]
        for member in members { claims[member.name] = member.value.asString }
        uses.add(kind, name, at: view.leaf.time, by: claims)
    }

    private static func show(_ findings: [Reach.Finding], _ invocation: Invocation) throws {
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result(["findings": .array(findings.map(json))])
            return
        }
        guard !findings.isEmpty else { return console.note("there is nothing of that") }
        var table = Table("WHAT", "RULE", "USES", "LAST", "BY")
        for finding in findings {
            table.add(
                "\(finding.kind.rawValue) \(finding.name)",
                finding.place == nil ? "(allowed no more)" : finding.rule,
                "\(finding.uses)",
                finding.last.map(RFC3339.format) ?? "never",
                finding.projects.isEmpty ? "-" : finding.projects.joined(separator: ", ")
            )
        }
        try console.result(table.text(console.resultStyle))
        for finding in findings {
            guard let place = finding.place else { continue }
            let what = "\(finding.kind.rawValue) \(finding.name), \(place)"
            if let tighter = finding.tighter {
                console.note("\(what): every past run would have been served by \(tighter)")
            } else if finding.uses == 0 {
                console.note("\(what): no run has ever used it")
            }
        }
    }

    private static func json(_ finding: Reach.Finding) -> JSON {
        [
            "kind": .string(finding.kind.rawValue), "name": .string(finding.name),
            "place": finding.place.map { .string($0) } ?? .null, "rule": .string(finding.rule),
            "uses": .integer(Int64(finding.uses)),
            "last": finding.last.map { .string(RFC3339.format($0)) } ?? .null,
            "projects": .array(finding.projects.map { .string($0) }), "unused": .bool(finding.isUnused),
            "tighter": finding.tighter.map { .string($0) } ?? .null,
        ]
    }
}
