internal import Auditing
internal import Broker
internal import Claims
internal import Configuration
internal import Crypto
internal import Doctor
internal import Encoding
internal import EventLoop
internal import Exchange
internal import HTTP
internal import HTTPClient
internal import Ledger
internal import POSIX
internal import Policy
internal import Runs
internal import Secrets
internal import Text
internal import Time
internal import Tokens

/// One examination of a broker on its own host, by its configuration.
struct Examination: Sendable {
    private let invocation: Invocation
    private let path: String
    private let target: String?
    /// The run that the options describe; nil where they describe none.
    private let described: RunRequest?

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        path = try ConfigurationFile.path(invocation)
        target = invocation.operands.first
        described = try RunCommand.request(invocation)
        if described != nil, target == nil {
            throw CommandError.usage("\(invocation.label)a run is described, and no TARGET to trade its token at")
        }
    }

    /// Every check, from the outside in.
    ///
    /// - Throws: where the examination itself cannot be made, which says nothing of the broker.
    func run(on loop: EventLoop) async throws -> [Check] {
        var checks: [Check] = []
        guard let settings = configuration(&checks) else { return checks }
        let targets = settings.targets.filter { target == nil || $0.name == target }
        if let target, targets.isEmpty {
            let known = settings.targets.map(\.name).joined(separator: ", ")
            checks.append(
                .failed(
                    "configuration",
                    path,
                    seen: "no target '\(target)'",
                    wanted: "one of \(known.isEmpty ? "none" : known)",
                    fix: "name one of these, or write it under 'targets'"
                )
            )
            return checks
        }
        guard let local = broker(settings, &checks) else { return checks }
        let doctor = try DoctorCommand.doctor(invocation, on: loop)
        checks += certificate(settings)
        let isPublicWanted = targets.contains(where: \.isPublicCloud)
        let trusted = ExpectedIssuer(local.standing.trusted, isPublicWanted: isPublicWanted)
        checks += await doctor.examine(trusted)
        let untrusted = ExpectedIssuer(local.standing.untrusted, isPublicWanted: isPublicWanted)
        checks += await doctor.examine(untrusted)
        checks += await further(local, doctor, isPublicWanted: isPublicWanted)
        for mirror in invocation.all(DoctorCommand.mirror) {
            checks += await doctor.examine(mirror: mirror, of: trusted)
        }
        // The gate of the keys waits for the copies of both issuers.
        for mirror in settings.keys.mirrors {
            checks += await doctor.examine(mirror: mirror, of: trusted)
            checks += await doctor.examine(
                mirror: (mirror.hasSuffix("/") ? mirror : mirror + "/") + "untrusted",
                of: untrusted
            )
        }
        checks += await overdue(local)
        for target in targets {
            guard let doorstep = target.doorstep else { continue }
            checks += await doctor.examine(doorstep: doorstep, authorities: target.certificateAuthorities)
        }
        if let target = targets.first, self.target != nil {
            checks += await trade(at: target, local, on: loop)
        }
        return checks
    }

    /// The issuers beside the broker's own.
    private func further(_ local: LocalBroker, _ doctor: Doctor, isPublicWanted: Bool) async -> [Check] {
        var checks: [Check] = []
        for entry in local.settings.issuers {
            guard let pair = local.standing.issuers.pair(named: entry.name) else { continue }
            for issuer in [pair.trusted, pair.untrusted] {
                guard !entry.isShut else {
                    let reason = "issuer '\(entry.name)' is shut: it publishes no keys"
                    checks.append(.skipped("issuer.url", issuer.url.text, because: reason))
                    continue
                }
                checks += await doctor.examine(ExpectedIssuer(issuer, isPublicWanted: isPublicWanted))
            }
        }
        return checks
    }

    private func configuration(_ checks: inout [Check]) -> Settings? {
        let settings: Settings
        var problems: [ConfigurationProblem]
        do throws(InvalidConfiguration) {
            settings = try ConfigurationFile.load(path)
            problems = settings.warnings + Configuration.check(settings, at: SystemClock.now())
        } catch {
            checks += error.problems.map(Self.check)
            return nil
        }
        problems.sort { ($0.line, $0.column) < ($1.line, $1.column) }
        checks += problems.map(Self.check)
        if problems.contains(where: { $0.severity == .error }) { return nil }
        checks.append(.passed("configuration", path, seen: "no mistakes"))
        return settings
    }

    private static func check(_ problem: ConfigurationProblem) -> Check {
        let place = "\(problem.file):\(problem.line):\(problem.column)"
        let seen = "\(problem.key): \(problem.reason)"
        return problem.severity == .error
            ? .failed("configuration", place, seen: seen, wanted: "", fix: problem.fix)
            : .warning("configuration", place, seen: seen, wanted: "", fix: problem.fix)
    }

    /// The keys, the store and the ledger, opened as `serve` opens them.
    private func broker(_ settings: Settings, _ checks: inout [Check]) -> LocalBroker? {
        do {
            let local = try LocalBroker(settings, log: LocalBroker.log)
            checks.append(.passed("broker", path, seen: "keys, store and ledger are as they must be"))
            return local
        } catch {
            let failure = CommandError(describing: error)
            checks.append(
                .failed(
                    "broker",
                    path,
                    seen: failure.message,
                    wanted: "keys, store and ledger that the broker can be started with",
                    fix: failure.advice ?? "see 'jobpass config check' and 'jobpass audit verify'"
                )
            )
            return nil
        }
    }

    /// The broker's own certificate, before it ends.
    private func certificate(_ settings: Settings) -> [Check] {
        guard let file = settings.tls?.certificate else { return [] }
        let left: Duration
        do {
            left = try CertificateLife.left(inPEM: try Files.read(file, limit: 1 << 20))
        } catch {
            let fix = "put the chain there that 'tls.certificate' names, the broker's own certificate first"
            return [.failed("certificate", file, seen: "\(error)", wanted: "a certificate in PEM", fix: fix)]
        }
        let fix = "renew it, and reload the broker: kill -HUP"
        let days = left.wholeSeconds / 86_400
        if left <= .zero {
            let seen = "over since \(-days) days"
            return [.failed("certificate", file, seen: seen, wanted: "a certificate that is valid today", fix: fix)]
        }
        guard left > .seconds(14 * 86_400) else {
            return [.warning("certificate", file, seen: "\(days) days left", wanted: "14 or more", fix: fix)]
        }
        return [.passed("certificate", file, seen: "\(days) days left")]
    }

    /// Static secrets that are older than they may be, and fallbacks whose last day is over.
    private func overdue(_ local: LocalBroker) async -> [Check] {
        let now = SystemClock.now()
        var checks: [Check] = []
        for context in local.settings.contexts {
            let secrets: [SecretSummary]
            do {
                secrets = try await local.opened.vault.list(context.name)
            } catch {
                let fix = "see 'jobpass secret list \(context.name.text)'"
                checks.append(
                    .failed("secrets", context.name.text, seen: "\(error)", wanted: "a list of them", fix: fix)
                )
                continue
            }
            for secret in secrets {
                guard let since = context.overdueSince(secret, at: now) else { continue }
                let name = "\(context.name.text) \(secret.name.text)"
                checks.append(
                    .warning(
                        "secrets",
                        name,
                        seen: "overdue since \(RFC3339.format(since))",
                        wanted: "a value younger than its max_age",
                        fix: "jobpass secret rotate \(name)"
                    )
                )
            }
        }
        return checks.isEmpty ? [.passed("secrets", path, seen: "none is overdue")] : checks
    }

    /// A token for the run and its trade.
    private func trade(at target: Target, _ local: LocalBroker, on loop: EventLoop) async -> [Check] {
        let place = "target \(target.name)"
        guard target.trader == .broker else {
            return [.skipped("trade", place, because: "the job trades itself (exchange: job)")]
        }
        var run: RunRequest
        do throws(Problem) {
            if let described { run = described } else { run = try await local.broker.goodRun(for: target) }
        } catch {
            return [.skipped("trade", place, because: error.reason)]
        }
        // It is ended as soon as the trade is over.
        run.expiresIn = 300
        let attestation: Attestation
        do throws(AttestationError) {
            attestation = try Attestation(
                run,
                by: Attestor(name: "doctor", projects: [.anything], claims: Set(run.further.map(\.name))),
                limits: local.settings.runs
            )
        } catch {
            return [.failed("token", place, seen: "\(error)", wanted: "a run that can be", fix: "describe another run")]
        }
        do throws(Problem) {
            let rehearsal = try await rehearse(target, attestation, local, on: loop)
            let voice = local.settings.policy.voice(of: ClaimSet(of: attestation))
            let speaking = local.standing.issuers.pair(named: voice.issuer) ?? local.standing.issuers.own
            let issuer = speaking.issuer(untrusted: attestation.trust == .untrusted).url.text
            var checks = Self.checks(of: rehearsal, at: target, issuer: issuer)
            if case .failed(_, let failure) = rehearsal, failure.code == "AccessDenied",
                target.claimsWithoutTags != nil,
                case .traded(let subject, _) = try await rehearse(
                    target,
                    attestation,
                    local,
                    withoutTags: true,
                    on: loop
                )
            {
                checks.append(Doctor.tags(at: target, subject: subject))
            }
            return checks
        } catch {
            let seen = error.detail ?? error.reason
            return [
                .failed("token", place, seen: seen, wanted: "a recorded token", fix: "see the broker's log and store")
            ]
        }
    }

    private func rehearse(
        _ target: Target,
        _ attestation: Attestation,
        _ local: LocalBroker,
        withoutTags: Bool = false,
        on loop: EventLoop
    ) async throws(Problem) -> Broker.Rehearsal {
        try await local.broker.rehearse(
            target.name,
            as: attestation,
            withoutTags: withoutTags,
            trace: Hex.encode(Entropy.identifier()),
            over: HTTPClient(on: loop),
            pacing: Pacing(on: loop)
        )
    }

    private static func checks(of rehearsal: Broker.Rehearsal, at target: Target, issuer: String) -> [Check] {
        let place = "target \(target.name)"
        switch rehearsal {
        case .denied(let reason):
            let fix = "describe a run that may have it, or add a rule under 'allow'"
            return [.failed("rules", place, seen: reason, wanted: "a rule that allows the run", fix: fix)]
        case .failed(let subject, let failure):
            return [
                .passed("token", place, seen: "signed and recorded for \(subject)"),
                Doctor.trade(failure, at: target, subject: subject, issuer: issuer),
            ]
        case .traded(let subject, let expires):
            return [
                .passed("token", place, seen: "signed and recorded for \(subject)"),
                Doctor.trade(at: target, subject: subject, expires: expires),
            ]
        }
    }
}
