/// `jobpass trust`: the cloud's side of trust.
enum TrustCommand {
    static let definition = Command(
        name: "trust",
        summary: "the cloud's side of trust: written for each cloud, and who reaches what by it",
        examples: [
            Command.Example("jobpass trust generate aws-prod --format cloudformation", "AWS's side of a target"),
            Command.Example("jobpass trust reach --unused 90d", "what is allowed and was never used"),
        ],
        body: .group([TrustGenerateCommand.definition, TrustReachCommand.definition])
    )
}
