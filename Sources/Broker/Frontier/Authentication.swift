internal import Configuration
internal import HTTP
internal import Ledger
internal import Runs
internal import Text
internal import Time

/// Who is calling, and whether this path is theirs.
extension Broker {
    /// The run for which a job's request token speaks.
    ///
    /// - Throws: `Problem` with code `invalid_token`, whatever is wrong with the token; `unavailable` where a store that
    ///   brokers share cannot be asked.
    func run(of call: Call, bare: Bool = false) async throws(Problem) -> Run {
        let bearer = String(try call.bearer(bare: bare, orProved: true))
        let run = try await run(spokenForBy: bearer)
        try await charge(run, call)
        // Nearly every run is bound to nothing, and nobody else waits for a proof.
        if run.attestation.confirmation != nil || call.isProved { try await confirm(run, bearer, call) }
        return run
    }

    private func run(spokenForBy bearer: String) async throws(Problem) -> Run {
        let authentication: Authentication
        do throws(RunError) {
            authentication = try await runs.authenticate(bearer)
        } catch {
            throw Problem(error)
        }
        switch authentication {
        case .active(let run):
            guard let revocation = revocations.revocation(of: run) else { return run }
            metrics.count(.revoked)
            throw Problem(.invalidToken, "Run \(run.id) gets nothing any more: \(revocation.words).")
        case .refused(.malformed):
            throw Problem(
                .invalidToken,
                "This is no request token: one is 'jpr_' and 43 letters, digits, '-' and '_'; was it cut, or quoted?"
            )
        case .refused(.unknown): throw Problem(.invalidToken, "This request token is unknown here.")
        case .refused(.ended(let id, let moment)):
            if let run = runs.remembered(id), let revocation = revocations.revocation(of: run) {
                metrics.count(.revoked)
                throw Problem(.invalidToken, "Run \(id) was ended: \(revocation.words).")
            }
            throw Problem(.invalidToken, "Run \(id) ended at \(RFC3339.format(moment)), and its request token with it.")
        case .refused(.expired(let id, let moment)):
            throw Problem(
                .invalidToken,
                "Run \(id) expired at \(RFC3339.format(moment)), and its request token with it."
            )
        }
    }

    /// The principal that calls, if it is an orchestrator.
    func orchestrator(of call: Call) async throws(Problem) -> (principal: Principal, attestor: Attestor) {
        let principal = try await principal(of: call)
        guard case .orchestrator(let attestor) = principal.role else {
            throw try await denied(
                principal,
                "do what takes the role orchestrator: its role is \(principal.role.name)",
                call
            )
        }
        return (principal, attestor)
    }

    /// The principal that calls, if it administers a context.
    func administrator(of call: Call, context: String) async throws(Problem) -> Principal {
        let principal = try await principal(of: call)
        guard principal.administers(context) else {
            guard case .administrator = principal.role else { return try await administrator(of: call) }
            throw try await denied(
                principal,
                "administer context '\(context.prefix(64))': its contexts are others",
                call
            )
        }
        return principal
    }

    /// The principal that calls, if it is an administrator of more than some contexts.
    func administrator(of call: Call) async throws(Problem) -> Principal {
        let principal = try await principal(of: call)
        guard case .administrator = principal.role else {
            throw try await denied(
                principal,
                "do what takes the role administrator: its role is \(principal.role.name)",
                call
            )
        }
        guard principal.contexts == nil, principal.projects == nil else {
            throw try await denied(principal, "do anything beyond its contexts and projects", call)
        }
        return principal
    }

    /// The principal that calls, if it may revoke this; one that is bound to projects may name one, or a run of one.
    func administrator(of call: Call, revoking scope: Revocation.Scope) async throws(Problem) -> Principal {
        let principal = try await principal(of: call)
        guard case .administrator = principal.role, let projects = principal.projects else {
            return try await administrator(of: call)
        }
        let isWithin: Bool
        switch scope {
        case .project(let pattern):
            isWithin =
                projects.contains(pattern) || !pattern.hasStar && principal.mayJudge(project: pattern.description)
        case .run(let id):
            let project: String?
            do throws(RunError) {
                project = try await runs.find(id)?.run.attestation[.project]
            } catch {
                throw Problem(error)
            }
            isWithin = project.map { principal.mayJudge(project: $0) } ?? false
        case .key, .since: isWithin = false
        }
        guard isWithin else { throw try await denied(principal, "revoke \(scope): its projects are others", call) }
        return principal
    }

    /// The principal that calls, if it is an auditor; who reads may also show the session of the page.
    func auditor(of call: Call, bySession: Bool = true) async throws(Problem) -> Principal {
        let session = bySession ? try signedIn(call) : nil
        let principal = if let session { session } else { try await principal(of: call) }
        if session != nil { try await charge(principal: principal.name, call) }
        guard case .auditor = principal.role else {
            throw try await denied(
                principal,
                "do what takes the role auditor: its role is \(principal.role.name)",
                call
            )
        }
        return principal
    }

    /// The principal whose session a browser shows; nil where it shows none, or something better.
    private func signedIn(_ call: Call) throws(Problem) -> Principal? {
        guard call.request.method == .get || call.request.method == .head,
            call.request.fields["Authorization"] == nil, let text = AuditSessions.text(in: call.request)
        else { return nil }
        guard let principal = sessions.principal(of: text, among: now.principals, at: clock()) else {
            throw Problem(.invalidToken, "The session has ended: sign in again.")
        }
        return principal
    }

    /// Records that a principal was refused, and makes the answer; where it cannot be recorded, that is the answer.
    func denied(_ principal: Principal, _ what: String, _ call: Call) async throws(Problem) -> Problem {
        metrics.count(.denied)
        var entry = Entry(.adminDenied, .denied, trace: call.trace)
        entry.principal = principal.name
        entry.address = call.request.peer.address
        entry.reason = "\(call.request.method.rawValue) \(call.request.path.prefix(256)): may not \(what)"
        try await record(entry)
        return Problem(.accessDenied, "Principal '\(principal.name)' may not \(what).")
    }

    /// Whoever calls, which is charged for it.
    func principal(of call: Call) async throws(Problem) -> Principal {
        let principal = try await caller(of: call)
        try await charge(principal: principal.name, call)
        return principal
    }

    /// Whoever calls: by its token where it sends one, else by its certificate.
    private func caller(of call: Call) async throws(Problem) -> Principal {
        if call.request.fields["Authorization"] != nil {
            let bearer = try call.bearer()
            if let principal = now.principals.find(bearer: bearer) { return principal }
            if let principal = try await federatedPrincipal(of: String(bearer), call) { return principal }
            throw Problem(
                .invalidToken,
                bearer.hasPrefix(RequestToken.prefix)
                    ? "This is a job's request token, and this path is not for jobs."
                    : "No principal has this token: compare its SHA-256 with token_sha256 under principals."
            )
        }
        guard let certificate = call.request.peer.certificate else {
            throw Problem(.invalidToken, "No token and no client certificate: send 'Authorization: Bearer TOKEN'.")
        }
        guard let principal = now.principals.find(certificate: certificate) else {
            throw Problem(
                .invalidToken,
                "No principal has a name or the key of this client certificate: see certificate under principals."
            )
        }
        return principal
    }

    /// Records an entry that releases nothing.
    @discardableResult
    func record(_ entry: Entry) async throws(Problem) -> Receipt {
        let began = elapsed()
        do throws(LedgerError) {
            let receipt = try await ledger.record(entry)
            metrics.ledgerTimes.observe(elapsed() - began, of: .recorded)
            noteRecording(nil)
            return receipt
        } catch {
            noteRecording(error)
            throw Problem(error)
        }
    }
}
