internal import Configuration
internal import Doctor
internal import EventLoop
internal import HTTPClient
internal import JSON
internal import POSIX
internal import Text
internal import Time
internal import Tokens

/// `jobpass doctor`: the whole path of a token, from the outside in.
enum DoctorCommand {
    static let issuer = Option.value("issuer", "URL", "look at this issuer from outside, without a configuration")
    static let mirror = Option.value(
        "mirror",
        "URL",
        "a copy of the issuer's documents, such as a bucket, that clouds read instead",
        repeats: true
    )

    static let definition = Command(
        name: "doctor",
        summary: "walk the whole path of a token, and say which step fails and what mends it",
        details: [
            "Looks at the configuration, the clock against each server's, the issuer as the clouds see it (name, TLS, discovery "
                + "document, keys, cache times), copies of it, overdue secrets and fallbacks, and whether each target's service "
                + "can be reached.",
            "With TARGET it also signs a token for a run and trades it: the run that the options describe, else the last "
                + "one that traded there, else one that the target's first rule allows. The trade is in the ledger, under the "
                + "principal 'doctor'; its credential is revoked or dropped at once, and nobody sees it.",
            "Runs on the broker's own host, by its configuration. With --issuer alone it runs anywhere, and looks at the "
                + "issuer from there.",
        ],
        operands: [Command.Operand("TARGET", "a target of the configuration", count: .atMostOne)],
        options: [ConfigurationFile.option, issuer, mirror] + RunCommand.described + [
            BrokerOptions.authorities, .json,
        ],
        examples: [
            Command.Example("jobpass doctor", "everything but a trade"),
            Command.Example(
                "jobpass doctor aws-prod --project acme/web --workflow deploy --job release",
                "why this very run gets no session"
            ),
            Command.Example(
                "jobpass doctor --issuer https://ci.example.com --json",
                "the outside alone, from anywhere"
            ),
        ],
        variables: [ConfigurationFile.variable, BrokerOptions.authoritiesVariable],
        exits: [
            Command.Note("0", "every check passed, perhaps with warnings"),
            Command.Note("65", "what is published, a clock or a secret is not as it must be"),
            Command.Note("69", "something cannot be reached"),
            Command.Note("77", "the trade was refused"),
            Command.Note("78", "the configuration cannot be used"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let checks: [Check]
        if let url = invocation[issuer] {
            guard invocation.operands.isEmpty else {
                throw CommandError.usage(
                    "\(invocation.label)TARGET needs the broker's configuration: leave --issuer out"
                )
            }
            checks = try EventLoop.runToCompletion { loop in try await outside(url, invocation, on: loop) }
        } else {
            let examination = try Examination(invocation)
            checks = try EventLoop.runToCompletion { loop in try await examination.run(on: loop) }
        }
        try show(checks, invocation)
        return exit(for: checks)
    }

    private static func outside(_ url: String, _ invocation: Invocation, on loop: EventLoop) async throws -> [Check] {
        let issuer: Tokens.IssuerURL
        do throws(TokenError) {
            issuer = try Tokens.IssuerURL(url)
        } catch {
            return [
                .failed("issuer.url", url, seen: error.seen, wanted: error.wanted, fix: "write the issuer's https URL")
            ]
        }
        let doctor = try doctor(invocation, on: loop)
        let expected = ExpectedIssuer(issuer, isPublicWanted: false)
        var checks = await doctor.examine(expected)
        for mirror in invocation.all(mirror) { checks += await doctor.examine(mirror: mirror, of: expected) }
        return checks
    }

    /// A doctor with the real network, clock and resolver.
    static func doctor(_ invocation: Invocation, on loop: EventLoop) throws -> Doctor {
        let thread = try WorkerThread()
        return Doctor(
            transport: HTTPClient(on: loop),
            clock: SystemClock.now,
            resolver: { host in
                do throws(POSIXError) {
                    return .success(try await thread.run { () throws(POSIXError) in try Resolver.addresses(of: host) })
                } catch {
                    return .failure(Doctor.NameFailure(error.reason))
                }
            },
            authorities: BrokerOptions.authorities(invocation)
        )
    }

    private static func show(_ checks: [Check], _ invocation: Invocation) throws {
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result([
                "verdict": .string(checks.verdict.rawValue), "checks": .array(checks.map(\.json)),
            ])
            return
        }
        let style = console.resultStyle
        var text = ""
        for check in checks {
            let word =
                switch check.verdict {
                case .passed: style.good("ok     ")
                case .warning: style.warning("warning")
                case .failed: style.bad("FAILED ")
                case .skipped: "skipped"
                }
            text += "\(word)  \(check.name.madeVisible)  \(check.place.madeVisible): \(check.seen.madeVisible)\n"
            if !check.wanted.isEmpty { text += "         wanted: \(check.wanted.madeVisible)\n" }
            if !check.fix.isEmpty { text += "         to mend it: \(check.fix.madeVisible)\n" }
        }
        try console.result(text)
    }

    /// By the first check that failed, which is the one to mend first.
    private static func exit(for checks: [Check]) -> ExitCode {
        guard let first = checks.first(where: { $0.verdict == .failed }) else { return .success }
        switch first.name {
        case "configuration", "broker", "issuer.url": return .configuration
        case "name", "tls", "issuer.reachable", "target.reachable": return .unavailable
        case "rules", "trade": return .denied
        default: return .badData
        }
    }
}
