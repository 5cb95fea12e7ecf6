internal import Encoding
internal import HTTP
internal import JSON
internal import POSIX

/// Where the ID token is that another CI system gives the job around this process.
enum CITokenSource: Equatable, Sendable {
    /// A variable holds it.
    case variable(String)
    /// A file holds it: a Kubernetes service account's, or any other.
    case file(String)
    /// GitHub Actions: a job asks for it.
    case github(url: String, token: String)
    /// Azure Pipelines: the same, in another way.
    case azure(url: String, token: String)
    /// Buildkite: its agent's command asks for it.
    case buildkite

    private static let file = "JOBPASS_ID_TOKEN_FILE"
    /// The first wins; CircleCI's second form tells more than its first.
    private static let variables = [
        "JOBPASS_ID_TOKEN", "CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN", "BITBUCKET_STEP_OIDC_TOKEN",
    ]

    /// The source that an environment offers; nil where it offers none.
    static func find(in environment: Environment) -> CITokenSource? {
        if let path = environment.nonEmpty(file) { return .file(path) }
        if let name = variables.first(where: { environment.nonEmpty($0) != nil }) { return .variable(name) }
        if let url = environment.nonEmpty("ACTIONS_ID_TOKEN_REQUEST_URL"),
            let token = environment.nonEmpty("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
        {
            return .github(url: url, token: token)
        }
        if let url = environment.nonEmpty("SYSTEM_OIDCREQUESTURI"),
            let token = environment.nonEmpty("SYSTEM_ACCESSTOKEN")
        {
            return .azure(url: url, token: token)
        }
        return environment.nonEmpty("BUILDKITE_JOB_ID") == nil ? nil : .buildkite
    }

    /// What it is called in messages.
    var name: String {
        switch self {
        case .variable(let name): name
        case .file(let path): path
        case .github: "GitHub Actions"
        case .azure: "Azure Pipelines"
        case .buildkite: "buildkite-agent"
        }
    }

    /// The token, for a broker.
    ///
    /// - Throws: `CommandError` where the CI system does not give it.
    func token(
        for audience: String,
        _ environment: Environment,
        over transport: any Transport
    ) async throws(CommandError) -> String {
        switch self {
        case .variable(let name): return environment.nonEmpty(name) ?? ""
        case .file(let path):
            do throws(POSIXError) {
                return String(decoding: try Files.read(path, limit: 1 << 16), as: UTF8.self).filter { !$0.isNewline }
            } catch {
                throw CommandError(.configuration, "\(Self.file): \(error)")
            }
        case .github(let url, let token):
            let mark = url.contains("?") ? "&" : "?"
            let asked = OutgoingRequest(
                .get,
                url: "\(url)\(mark)audience=\(PercentEncoding.encode(audience))",
                fields: ["Authorization": "Bearer \(token)", "Accept": "application/json"],
                limits: Self.limits
            )
            return try await answer(to: asked, member: "value", over: transport)
        case .azure(let url, let token):
            let asked = OutgoingRequest(
                .post,
                url: "\(url)?api-version=7.1",
                fields: [
                    "Authorization": "Bearer \(token)", "Accept": "application/json",
                    "Content-Type": "application/json",
                    "X-TFS-FedAuthRedirect": "Suppress",
                ],
                limits: Self.limits
            )
            return try await answer(to: asked, member: "oidcToken", over: transport)
        case .buildkite: return try Self.askAgent(for: audience, environment)
        }
    }

    private static let limits = OutgoingRequest.Limits(
        connect: .seconds(5),
        total: .seconds(30),
        responseBytes: 1 << 17
    )

    private func answer(
        to request: OutgoingRequest,
        member: String,
        over transport: any Transport
    ) async throws(CommandError) -> String {
        let response: HTTPResponse
        do throws(TransportError) { response = try await transport.send(request) } catch {
            throw CommandError(.unavailable, "\(name) gives no ID token: \(error)")
        }
        guard response.status == 200, let token = (try? JSON.parse(response.body))?[member]?.asString else {
            throw CommandError(
                response.status >= 500 ? .unavailable : .denied,
                "\(name) gives no ID token: it answered \(response.status)",
                advice:
                    "may this job ask for one? GitHub: permissions: {id-token: write}; Azure: the access token is given"
            )
        }
        return token
    }

    /// For how long the agent may ask, in milliseconds.
    private static let patience: Int32 = 60_000

    private static func askAgent(for audience: String, _ environment: Environment) throws(CommandError) -> String {
        do throws(POSIXError) {
            let output = try FileDescriptor.inMemory("token")
            let agent = try Process(
                "buildkite-agent",
                ["oidc", "request-token", "--audience", audience],
                environment: environment,
                input: .null,
                output: .descriptor(output.number)
            )
            guard agent.hasEnded(within: patience) else {
                agent.send(.kill)
                _ = agent.wait()
                throw POSIXError(.system(110), "get an ID token from", "buildkite-agent, which gave none in a minute")
            }
            let status = agent.wait()
            guard status.code == 0 else {
                throw POSIXError(.system(5), "get an ID token from", "buildkite-agent, which ended with \(status.code)")
            }
            output.rewind()
            let bytes = try output.readToEnd(limit: 1 << 16, subject: "buildkite-agent's answer")
            return String(decoding: bytes, as: UTF8.self).filter { !$0.isNewline }
        } catch {
            throw CommandError(.unavailable, "\(error)")
        }
    }
}
