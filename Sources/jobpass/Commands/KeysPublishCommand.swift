internal import EventLoop
internal import HTTPClient
internal import JSON
internal import POSIX

/// `jobpass keys publish`: puts discovery documents and key sets where clouds read them.
enum KeysPublishCommand {
    static let place = Command.Operand("PLACE", "a directory, s3://BUCKET/PATH or gs://BUCKET/PATH", kind: .directory)
    static let region = Option.value("region", "REGION", "the bucket's region; or AWS_REGION")
    static let endpoint = Option.value("endpoint", "URL", "a store that speaks S3's or Google's protocol elsewhere")

    static let issuer = Option.value(
        "issuer",
        "PATH",
        "the path of a further issuer, whose documents are fetched from the broker too; with --config all are known",
        repeats: true
    )

    static let definition = Command(
        name: "publish",
        summary: "write discovery and keys to a directory or a bucket that clouds read",
        details: [
            "For an issuer that is itself private: relying parties read .well-known/openid-configuration and .well-known/jwks.json of "
                + "every issuer from there, a further one's below its path. Name the place under keys.mirrors, or make its URL the issuer, and no key signs before it "
                + "is there. Each write is conditional on what was read, and a key set that shares no key with the one of before stands "
                + "beside it until the next publication.",
            "A bucket's credential is read from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or "
                + "GOOGLE_OAUTH_ACCESS_TOKEN, as 'jobpass exec --keys TARGET' and 'jobpass exec TARGET' give them.",
            "The documents come from the broker at --url or JOBPASS_URL, which needs no token, or from this host's keys with --config.",
        ],
        operands: [place],
        options: [region, endpoint, issuer, ConfigurationFile.option] + BrokerOptions.all + [.json],
        examples: [
            Command.Example(
                "jobpass keys publish /srv/www --config /etc/jobpass/jobpass.yaml",
                "for your own web server"
            ),
            Command.Example(
                "jobpass exec --keys aws-keys -- jobpass keys publish s3://acme-issuer --region eu-west-1",
                "to S3, with a session of this job's"
            ),
        ],
        variables: [BrokerOptions.urlVariable, BrokerOptions.authoritiesVariable, ConfigurationFile.variable],
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let target = try PublicationTarget(invocation.operands[0])
        let local = try localSource(invocation)
        let address = local == nil ? try BrokerAddress(invocation) : nil
        let others = invocation.all(issuer)
        let outcomes = try EventLoop.runToCompletion { loop in
            let transport = HTTPClient(on: loop)
            let place = try target.place(
                invocation.environment,
                region: invocation[region],
                endpoint: invocation[endpoint],
                authorities: BrokerOptions.authorities(invocation),
                over: transport
            )
            let source: PublicationSource
            switch (local, address) {
            case (let local?, _): source = local
            case (nil, let address?):
                source = try await PublicationSource.fetch(address, issuers: others, over: transport)
            case (nil, nil): throw CommandError.usage("\(invocation.label)no broker is named")
            }
            let publication = Publication(place: place, cacheTime: source.cacheTime, withdrawn: source.withdrawn)
            var outcomes: [(path: String, outcome: Publication.Outcome)] = []
            for file in source.files { outcomes.append((file.path, try await publication.publish(file))) }
            return outcomes
        }
        try show(outcomes, invocation)
        return .success
    }

    private static func show(
        _ outcomes: [(path: String, outcome: Publication.Outcome)],
        _ invocation: Invocation
    ) throws {
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            let list = outcomes.map { ["path": .string($0.path), "outcome": .string($0.outcome.rawValue)] as JSON }
            try console.result(["published": .array(list)])
        } else {
            var table = Table("DOCUMENT", "OUTCOME")
            for outcome in outcomes { table.add(outcome.path, outcome.outcome.rawValue) }
            try console.result(table.text(console.resultStyle))
        }
        if outcomes.contains(where: { $0.outcome == .overlapping }) {
            console.note("keys of before stand beside the new ones; publish again once copies of them are over")
        }
    }

    /// The documents of this host's keys; nil where a broker is named instead.
    private static func localSource(_ invocation: Invocation) throws -> PublicationSource? {
        let isConfigured = invocation[ConfigurationFile.option] != nil
        guard !isConfigured || invocation[BrokerOptions.url] == nil else {
            throw CommandError.usage("\(invocation.label)--url and --config: give one of them")
        }
        let namesBroker =
            invocation[BrokerOptions.url] != nil
            || invocation.environment.nonEmpty(BrokerOptions.urlVariable.name) != nil
        if !isConfigured && namesBroker { return nil }
        guard invocation[issuer] == nil else {
            throw CommandError.usage("\(invocation.label)--issuer goes with --url: with --config all issuers are known")
        }
        return try PublicationSource(try ConfigurationFile(invocation).settings)
    }
}
