internal import Configuration
internal import Crypto
internal import Encoding
internal import EventLoop
internal import HTTP
internal import HTTPClient
internal import JSON
internal import PKCS11
internal import POSIX
internal import Time

/// `jobpass bench`: how many tokens a second, and how long each takes.
enum BenchCommand {
    static let connections = Option.value("connections", "N", "how many ask at once; 64 by default", letter: "n")
    static let duration = Option.value("duration", "DURATION", "for how long; 10s by default", letter: "d")
    static let algorithm = Option.value(
        "algorithm",
        "ALGORITHM",
        "what a broker of its own signs with; ES256 by default",
        kind: .choice(SignatureAlgorithm.allCases.filter(\.canSign).map(\.rawValue))
    )
    static let audience = Option.value("audience", "AUDIENCE", "with --url: for whom the tokens are", letter: "a")
    static let rate = Option.value("rate", "N", "ask N times a second, and not as fast as the answers come")
    static let noKeepAlive = Option.flag("no-keep-alive", "make a new connection for every token")
    static let tls = Option.flag("tls", "have a broker of its own speak TLS")

    static let definition = Command(
        name: "bench",
        summary: "measure tokens a second and their latency, beside OpenSSL alone",
        details: [
            "Without --url a broker is started for the measurement in a temporary folder, with new keys and an empty ledger, and "
                + "removed again. With it a live one is asked, as the run whose request token the environment has; each of these "
                + "tokens is an entry in its ledger.",
            "The load comes from this machine, on one processor, and takes its share of what is measured. First OpenSSL signs "
                + "alone for a second, on all processors: the figures of two machines compare by the share of that.",
            "Keys in files or sealed in the store sign at OpenSSL's rate. With --config, the PKCS#11 token that keys.pkcs11 names is measured "
                + "beside it, by keys that are gone afterwards: what the broker of that configuration can sign at most.",
            "With --rate a request that is late is measured from when it was due, so that a pause of the broker shows in every "
                + "request that it delayed.",
        ],
        options: [connections, duration, algorithm, rate, noKeepAlive, tls, audience, ConfigurationFile.option]
            + BrokerOptions.all + [.json],
        examples: [
            Command.Example("jobpass bench", "what this machine can do with ES256"),
            Command.Example("jobpass bench --algorithm RS256 --rate 800 --json", "latency at 800 tokens a second"),
            Command.Example(
                "jobpass bench --config /etc/jobpass/jobpass.yaml --algorithm ES256",
                "and what the token of that configuration signs"
            ),
            Command.Example(
                "jobpass run --project acme/web --workflow bench --job bench -- jobpass bench --url $JOBPASS_URL -a vault",
                "a live broker"
            ),
        ],
        variables: [BrokerOptions.requestToken, BrokerOptions.requestTokenFile, BrokerOptions.authoritiesVariable],
        exits: [
            Command.Note("64", "an option cannot be used as it is"),
            Command.Note("69", "some answers were no tokens; the figures tell how many"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let plan = try Plan(invocation)
        let console = Console(invocation.environment)
        let token = try token(invocation)
        return try EventLoop.runToCompletion { loop in
            var report =
                if plan.isLive { try await live(plan, invocation, on: loop) } else {
                    try await trial(plan, console, on: loop)
                }
            if let token {
                report.tokenRate = try await SigningRate.measure(report.algorithm, in: token, for: .seconds(1))
            }
            try invocation.has(.json) ? console.result(report.json) : console.result(report.text(console.resultStyle))
            guard report.outcome.failures.isEmpty else {
                throw CommandError(
                    .unavailable,
                    "not every answer was a token; the first other one: \(report.outcome.firstFailure ?? "none")"
                )
            }
            return .success
        }
    }

    /// The token of a configuration that is named.
    private static func token(_ invocation: Invocation) throws -> PKCS11Token? {
        guard invocation[ConfigurationFile.option] != nil else { return nil }
        return try ConfigurationFile(invocation).settings.keys.token.map { PKCS11Token(opening: $0) }
    }

    /// What is to be measured.
    private struct Plan: Sendable {
        let connections: Int
        let duration: Duration
        let pace: Load.Pace
        let algorithm: SignatureAlgorithm
        let isKeptAlive: Bool
        let tls: Bool
        let isLive: Bool

        init(_ invocation: Invocation) throws(CommandError) {
            connections = try invocation.integer(BenchCommand.connections, in: 1...2_000) ?? 64
            duration = try invocation.duration(BenchCommand.duration) ?? .seconds(10)
            pace = try invocation.integer(rate, in: 1...1_000_000).map { .open(Double($0)) } ?? .closed
            algorithm = invocation[BenchCommand.algorithm].flatMap(SignatureAlgorithm.init) ?? .es256
            isKeptAlive = !invocation.has(noKeepAlive)
            tls = invocation.has(BenchCommand.tls)
            isLive = invocation[BrokerOptions.url] != nil
            guard isLive else {
                guard invocation[audience] == nil else { throw .usage("\(invocation.label)--audience is for --url") }
                return
            }
            for option in [BenchCommand.tls, BenchCommand.algorithm]
            where invocation.has(option) || invocation[option] != nil {
                throw .usage("\(invocation.label)--\(option.name) is for a broker of its own: leave it or --url out")
            }
            guard invocation[audience] != nil else {
                throw .usage(
                    "\(invocation.label)--audience is missing: for whom are the tokens of a live broker?",
                    advice: "give one that its rules allow this run"
                )
            }
        }

        func load(_ requests: [OutgoingRequest]) -> Load {
            Load(requests: requests, connections: connections, duration: duration, pace: pace)
        }

        func request(_ url: String, _ audience: String, header: String, authorities: String?) -> OutgoingRequest {
            var fields: HTTPFields = ["Authorization": header, "Accept": "application/json"]
            if !isKeptAlive { fields.append("Connection", "close") }
            var query = Form()
            query.append("audience", audience)
            return OutgoingRequest(
                .get,
                url: "\(url)/v1/token?\(query.encoded)",
                fields: fields,
                limits: OutgoingRequest.Limits(connect: .seconds(10), total: .seconds(30)),
                certificateAuthorities: authorities
            )
        }
    }

    /// Measures a broker that is there.
    private static func live(_ plan: Plan, _ invocation: Invocation, on loop: EventLoop) async throws -> BenchReport {
        let address = try BrokerAddress(invocation)
        let token = try BearerToken.ofRun(invocation.environment)
        let client = HTTPClient(on: loop, connections: plan.connections)
        var request = plan.request(
            address.url,
            invocation[audience] ?? "",
            header: token.authorization("Bearer"),
            authorities: address.authorities
        )
        request.clientCertificate = address.certificate
        let first: HTTPResponse
        do throws(TransportError) { first = try await client.send(request) } catch {
            throw CommandError(error, at: address)
        }
        let answer = try? JSON.parse(first.body)
        guard first.status == 200, let value = answer?["value"]?.asString else {
            throw CommandError(BrokerRefusal(first.status, answer ?? .null, from: address.url))
        }
        return try await measure(plan, [request], at: address.url, algorithm(of: value), over: client, on: loop)
    }

    /// Measures a broker that is started for it.
    private static func trial(_ plan: Plan, _ console: Console, on loop: EventLoop) async throws -> BenchReport {
        let broker = try await TrialBroker.start(plan.algorithm, tls: plan.tls, on: loop)
        let (url, token, authorities) = (broker.url, broker.token, broker.authorities)
        let result: Result<BenchReport, any Error>
        do {
            let client = HTTPClient(on: loop, connections: plan.connections)
            let request = plan.request(
                url,
                "bench",
                header: "Bearer \(try await registerRun(url, token, authorities, over: client))",
                authorities: authorities
            )
            result = .success(try await measure(plan, [request], at: url, plan.algorithm, over: client, on: loop))
        } catch {
            result = .failure(error)
        }
        let memory = broker.peakMemory()
        broker.stop()
        var report = try result.get()
        report.peakMemory = memory
        return report
    }

    private static func measure(
        _ plan: Plan,
        _ requests: [OutgoingRequest],
        at url: String,
        _ algorithm: SignatureAlgorithm,
        over client: HTTPClient,
        on loop: EventLoop
    ) async throws -> BenchReport {
        let rate = try await SigningRate.measure(algorithm, for: .seconds(1))
        let load = plan.load(requests)
        let outcome = try await Progress.note("measuring for \(plan.duration.text)", on: loop) {
            () async throws(CommandError) in
            await load.run(over: client, on: loop)
        }
        return BenchReport(
            url: url,
            algorithm: algorithm,
            load: load,
            isKeptAlive: plan.isKeptAlive,
            outcome: outcome,
            signingRate: rate,
            peakMemory: nil
        )
    }

    private static func registerRun(
        _ url: String,
        _ token: String,
        _ authorities: String?,
        over client: HTTPClient
    ) async throws -> String {
        let body: JSON = ["project": "bench/bench", "workflow": "bench", "job": "bench"]
        let request = OutgoingRequest(
            .post,
            url: "\(url)/v1/runs",
            fields: ["Authorization": "Bearer \(token)", "Content-Type": "application/json"],
            body: body.serialized(),
            certificateAuthorities: authorities
        )
        let answer = try JSON.parse(try await client.send(request).body)
        guard let token = answer["request_token"]?.asString else {
            throw CommandError(.unavailable, "the broker for the measurement registered no run: \(answer.text)")
        }
        return token
    }

    /// What a token was signed with, as its head says.
    private static func algorithm(of token: String) throws(CommandError) -> SignatureAlgorithm {
        let head = token.split(separator: ".").first.flatMap { try? JSON.parse(Base64URL.decode(String($0))) }
        guard let algorithm = head?["alg"]?.asString.flatMap(SignatureAlgorithm.init) else {
            throw CommandError(.badData, "the broker's token has no algorithm that is known here")
        }
        return algorithm
    }
}
