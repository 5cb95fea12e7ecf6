internal import Configuration
internal import Encoding
internal import HTTP
internal import JSON
internal import Runs
internal import Text
internal import Time
internal import Tokens

/// `POST /v1/runs`, `GET /v1/runs/ID`, `DELETE /v1/runs/ID`: for orchestrators.
extension Broker {
    /// Registers a run and answers with its request token, the only time anyone sees it.
    func register(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (principal, attestor) = try await orchestrator(of: call)
        let attestation: Attestation
        let body = try call.json(depth: now.limits.jsonDepth)
        do throws(AttestationError) {
            let request = try RunRequest(body: body)
            attestation = try Attestation(request, by: attestor, limits: now.runLimits)
        } catch {
            guard error.code == .denied else {
                throw Problem(.invalidRequest, "The run cannot be registered: \(error).")
            }
            throw try await denied(principal, "attest this run: \(error)", call)
        }
        if let revocation = revocations.revocation(ofProject: attestation[.project] ?? "") {
            metrics.count(.revoked)
            throw try await denied(principal, "register this run: \(revocation.words)", call)
        }
        let (run, token) = try await begin(attestation, from: call.request.peer.address, trace: call.trace)
        let url = now.trusted.url.text
        let requestURL = "\(url)/v1/token?v=1"
        let answer: JSONObject = [
            "id": .string(run.id),
            "request_token": .string(token),
            "request_url": .string(requestURL),
            "expires_at": .string(RFC3339.format(run.expires)),
            "environment": [
                "JOBPASS_URL": .string(url),
                "JOBPASS_REQUEST_TOKEN": .string(token),
                "ACTIONS_ID_TOKEN_REQUEST_URL": .string(requestURL),
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": .string(token),
            ],
        ]
        var response = HTTPResponse.secretJSON(201, .object(answer))
        response.fields.append("Location", "/v1/runs/\(run.id)")
        return response
    }

    /// The run, to whoever may attest its project, without its token.
    func showRun(_ call: Call) async throws(Problem) -> HTTPResponse {
        let status = try await ownRun(call)
        return .json(200, .object(Self.describe(status)))
    }

    /// Ends a run; ending it again is no error.
    func endRun(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (principal, _) = try await orchestrator(of: call)
        let status = try await ownRun(call)
        try await end(
            status.run,
            by: principal.name,
            trace: call.trace,
            through: exchange(over: call.transport, call.pacing)
        )
        return HTTPResponse(status: 204)
    }

    /// The run of the path, where the caller could have registered it; another's run is as unknown as none.
    private func ownRun(_ call: Call) async throws(Problem) -> RunStatus {
        let (_, attestor) = try await orchestrator(of: call)
        let status: RunStatus?
        do throws(RunError) {
            status = try await runs.find(call.parameters[0])
        } catch {
            throw Problem(error)
        }
        let isItsOwn = { (run: Run) in attestor.projects.contains { $0.matches(run.attestation[.project] ?? "") } }
        guard let status, isItsOwn(status.run) else {
            throw Problem(.notFound, "There is no run '\(call.parameters[0].prefix(64))' that this principal may see.")
        }
        return status
    }

    private static func describe(_ status: RunStatus) -> JSONObject {
        let run = status.run
        var members: JSONObject = [
            "id": .string(run.id),
            "state": .string(status.state.name),
            "principal": .string(run.attestation.principal),
            "registered_at": .string(RFC3339.format(run.registered)),
            "expires_at": .string(RFC3339.format(run.expires)),
        ]
        if case .ended(let moment) = status.state { members["ended_at"] = .string(RFC3339.format(moment)) }
        var claims = JSONObject()
        var sources = JSONObject()
        for claim in run.attestation.claims {
            claims[claim.name] = .string(claim.value)
            sources[claim.name] = run.attestation.provenance(of: claim.name).json
        }
        members["claims"] = .object(claims)
        members["provenance"] = .object(sources)
        return members
    }
}
