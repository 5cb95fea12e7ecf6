/// `jobpass trust`: the cloud's side of trust.
enum TrustCommand {
    static let definition = Command(
        name: "trust",
        summary: "the cloud's side of trust: written, explained, linted, replayed, migrated, reached",
        examples: [
            Command.Example("jobpass trust generate aws-prod --format cloudformation", "AWS's side of a target"),
            Command.Example(
                "jobpass trust explain --policy role.json --token token.jwt",
                "why AWS refuses this token, condition by condition"
            ),
            Command.Example("jobpass trust lint --policy role.json", "what the policy admits that nobody meant"),
            Command.Example("jobpass trust reach --unused 90d", "what is allowed and was never used"),
        ],
        body: .group([
            TrustGenerateCommand.definition,
            TrustExplainCommand.definition,
            TrustLintCommand.definition,
            TrustReplayCommand.definition,
            TrustMigrateCommand.definition,
            TrustReachCommand.definition,
        ])
    )
}
