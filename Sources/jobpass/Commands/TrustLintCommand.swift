internal import JSON
internal import Trust

/// `jobpass trust lint`: what a policy admits that nobody meant.
enum TrustLintCommand {
    static let policy = Option.value("policy", "FILE", "a policy", kind: .file, isRequired: true, repeats: true)
    static let sarif = Option.flag("sarif", "write SARIF 2.1.0, for code review")
    static let failOn = Option.value(
        "fail-on",
        "LEVEL",
        "exit with 65 where a finding is as grave: error (the default), warning, note, or none",
        kind: .choice(["error", "warning", "note", "none"])
    )

    static let definition = Command(
        name: "lint",
        summary: "find what a policy admits that nobody meant, each with a token that proves it",
        details: [
            "Every finding comes with a witness: claims that the policy admits though nobody meant them, which jobpass trust explain "
                + "then passes. What cannot be proved so is not reported; two findings have none, that a limit is exceeded and that "
                + "nobody is admitted.",
            "With --config it knows of every claim where the issuer's own configuration takes it from, and so which of them a job "
                + "chooses: under job_claims, or in the file of its CI system that a federation maps.",
            "Errors: " + ids(.error) + ". Warnings: " + ids(.warning) + ". Notes: " + ids(.note) + ".",
        ],
        options: [policy] + PolicyFile.options + [ConfigurationFile.option, sarif, failOn, .json],
        examples: [
            Command.Example("jobpass trust lint --policy role.json", "look at one policy"),
            Command.Example(
                "jobpass trust lint --policy role.json --config /etc/jobpass/jobpass.yaml",
                "by what the issuer's configuration says of its claims"
            ),
            Command.Example(
                "jobpass trust lint --policy role.json --policy provider.yaml --sarif --fail-on warning > trust.sarif",
                "in a review of infrastructure code"
            ),
        ],
        exits: [
            Command.Note("0", "nothing as grave as --fail-on"),
            Command.Note("65", "a finding, or a policy that cannot be read"),
        ],
        body: .action(run)
    )

    private static func ids(_ level: FindingLevel) -> String {
        LintRule.allCases.filter { $0.level == level }.map(\.rawValue).joined(separator: ", ")
    }

    static func run(_ invocation: Invocation) throws -> ExitCode {
        var found: [(file: PolicyFile, finding: Finding)] = []
        let chosen =
            invocation[ConfigurationFile.option] == nil
            ? [:] : ChosenClaims.of(try ConfigurationFile(invocation).settings)
        for path in invocation.all(policy) {
            for file in try PolicyFile.read(path, invocation) {
                found += Linter.findings(in: file.policy, chosen: chosen).map { (file, $0) }
            }
        }
        let console = Console(invocation.environment)
        if invocation.has(sarif) {
            try console.result(SARIF.log(found.map { ($0.file.path, $0.finding) }))
        } else if invocation.has(.json) {
            try console.result(.array(found.map { json($0.file, $0.finding) }))
        } else {
            for (file, finding) in found { try console.result(text(file, finding, console.resultStyle)) }
            let counts = FindingLevel.allCases.reversed().map { level in
                "\(found.count { $0.finding.rule.level == level }) \(level.rawValue)s"
            }
            console.note(counts.joined(separator: ", "))
        }
        guard let least = FindingLevel(rawValue: invocation[failOn] ?? "error") else { return .success }
        return found.contains { $0.finding.rule.level >= least } ? .badData : .success
    }

    private static func text(_ file: PolicyFile, _ finding: Finding, _ style: Style) -> String {
        let place = finding.place.map { ":\($0)" } ?? ""
        let level = finding.rule.level
        let word = level == .error ? style.bad("error") : level == .warning ? style.warning("warning") : "note"
        var text = "\(file.path)\(place): \(word): \(finding.message) [\(finding.rule.rawValue)]\n".madeVisibleLine
        text += "  fix: \(finding.fix)\n".madeVisibleLine
        if let witness = finding.witness { text += "  admits: \(JSON.object(witness).text)\n".madeVisibleLine }
        return text
    }

    private static func json(_ file: PolicyFile, _ finding: Finding) -> JSON {
        [
            "policy": .string(file.path), "kind": .string(file.policy.kind.rawValue),
            "rule": .string(finding.rule.rawValue),
            "level": .string(finding.rule.level.rawValue),
            "line": finding.place.map { .integer(Int64($0.line)) } ?? .null,
            "column": finding.place.map { .integer(Int64($0.column)) } ?? .null, "message": .string(finding.message),
            "fix": .string(finding.fix), "witness": finding.witness.map { .object($0) } ?? .null,
        ]
    }
}
