internal import HTTP

/// The calls of the contract, as the router knows them.
enum Endpoint: Sendable {
    case token
    case credentials
    case awsCredentials
    case targetToken
    case targetOutcome
    case context
    case unmasked
    case whoami
    case exchange
    case register
    case showRun
    case endRun
    case discovery(isUntrusted: Bool)
    case keys(isUntrusted: Bool)
    case checkpoint
    case logKey
    case logDescription
    case witnessed
    case tile
    case health
    case readiness
    case figures
    case listKeys
    case prepareKeys
    case activateKey
    case retireKey
    case revokeKey
    case revoke
    case listRevocations
    case liftRevocation
    case putSecret
    case deleteSecret
    case listSecrets
    case listVersions
    case rollBackSecret
    case importSecrets
    case inventory
    case listElsewhere
    case secretReport
    case probe
    case auditEntries
    case auditEntry
    case auditConsistency
    case auditSummary
    case page
    case pageFile
    case showSession
    case beginSession
    case endSession

    /// Every path, as the contract lists them.
    static let router: Router<Endpoint> = {
        var paths = Router<Endpoint>()
        // Jobs.
        paths.add(.get, "/v1/token", .token)
        paths.add(.post, "/v1/token", .token)
        paths.add(.post, "/v1/targets/{name}/credentials", .credentials)
        paths.add(.get, "/v1/targets/{name}/aws", .awsCredentials)
        paths.add(.post, "/v1/targets/{name}/token", .targetToken)
        paths.add(.post, "/v1/targets/{name}/outcome", .targetOutcome)
        paths.add(.get, "/v1/contexts/{name}", .context)
        paths.add(.post, "/v1/unmasked", .unmasked)
        paths.add(.get, "/v1/whoami", .whoami)
        // Jobs of other CI systems, and orchestrators.
        paths.add(.post, "/oauth/token", .exchange)
        paths.add(.post, "/v1/runs", .register)
        paths.add(.get, "/v1/runs/{id}", .showRun)
        paths.add(.delete, "/v1/runs/{id}", .endRun)
        // Relying parties, and whoever watches the ledger or the broker.
        paths.add(.get, "/.well-known/openid-configuration", .discovery(isUntrusted: false))
        paths.add(.get, "/.well-known/jwks.json", .keys(isUntrusted: false))
        paths.add(.get, "/untrusted/.well-known/openid-configuration", .discovery(isUntrusted: true))
        paths.add(.get, "/untrusted/.well-known/jwks.json", .keys(isUntrusted: true))
        paths.add(.get, "/{issuer}/.well-known/openid-configuration", .discovery(isUntrusted: false))
        paths.add(.get, "/{issuer}/.well-known/jwks.json", .keys(isUntrusted: false))
        paths.add(.get, "/{issuer}/untrusted/.well-known/openid-configuration", .discovery(isUntrusted: true))
        paths.add(.get, "/{issuer}/untrusted/.well-known/jwks.json", .keys(isUntrusted: true))
        paths.add(.get, "/log/checkpoint", .checkpoint)
        paths.add(.get, "/log/key", .logKey)
        paths.add(.get, "/log", .logDescription)
        paths.add(.get, "/log/witnessed", .witnessed)
        paths.add(.get, "/log/tile/{path*}", .tile)
        paths.add(.get, "/healthz", .health)
        paths.add(.get, "/readyz", .readiness)
        paths.add(.get, "/metrics", .figures)
        // Administrators and auditors.
        paths.add(.get, "/v1/keys", .listKeys)
        paths.add(.post, "/v1/keys/prepare", .prepareKeys)
        paths.add(.post, "/v1/keys/{kid}/activate", .activateKey)
        paths.add(.post, "/v1/keys/{kid}/retire", .retireKey)
        paths.add(.post, "/v1/keys/{kid}/revoke", .revokeKey)
        paths.add(.post, "/v1/revocations", .revoke)
        paths.add(.get, "/v1/revocations", .listRevocations)
        paths.add(.delete, "/v1/revocations/{id}", .liftRevocation)
        paths.add(.put, "/v1/contexts/{context}/secrets/{name}", .putSecret)
        paths.add(.delete, "/v1/contexts/{context}/secrets/{name}", .deleteSecret)
        paths.add(.get, "/v1/contexts/{context}/secrets", .listSecrets)
        paths.add(.post, "/v1/contexts/{context}/secrets", .importSecrets)
        paths.add(.get, "/v1/contexts/{context}/secrets/{name}", .listVersions)
        paths.add(.post, "/v1/contexts/{context}/secrets/{name}/rollback", .rollBackSecret)
        paths.add(.post, "/v1/targets/{name}/probe", .probe)
        paths.add(.get, "/v1/inventory", .inventory)
        paths.add(.get, "/v1/secrets/report", .secretReport)
        paths.add(.post, "/v1/inventory/{source}", .listElsewhere)
        paths.add(.get, "/v1/audit/entries", .auditEntries)
        paths.add(.get, "/v1/audit/entries/{index}", .auditEntry)
        paths.add(.get, "/v1/audit/consistency", .auditConsistency)
        paths.add(.get, "/v1/audit/summary", .auditSummary)
        paths.add(.get, "/audit", .page)
        paths.add(.get, "/audit/session", .showSession)
        paths.add(.post, "/audit/session", .beginSession)
        paths.add(.delete, "/audit/session", .endSession)
        paths.add(.get, "/audit/{file}", .pageFile)
        return paths
    }()
}

extension Broker {
    /// Does what a call asks for.
    func perform(_ endpoint: Endpoint, _ call: Call) async throws(Problem) -> HTTPResponse {
        switch endpoint {
        case .token: try await token(call)
        case .credentials: try await credentials(call)
        case .awsCredentials: await awsCredentials(call)
        case .targetToken: try await targetToken(call)
        case .targetOutcome: try await targetOutcome(call)
        case .context: try await context(call)
        case .unmasked: try await unmasked(call)
        case .whoami: try await whoami(call)
        case .exchange: try await tradeForeignToken(call)
        case .register: try await register(call)
        case .showRun: try await showRun(call)
        case .endRun: try await endRun(call)
        case .discovery(let isUntrusted): try discovery(call, isUntrusted: isUntrusted)
        case .keys(let isUntrusted): try keys(call, isUntrusted: isUntrusted)
        case .checkpoint: await checkpoint()
        case .logKey: logKey()
        case .logDescription: logDescription()
        case .witnessed: try witnessedCheckpoint()
        case .tile: try await tile(call)
        case .health: health()
        case .readiness: try readiness()
        case .figures: figures(call)
        case .listKeys: try await listKeys(call)
        case .prepareKeys: try await prepareKeys(call)
        case .activateKey: try await activateKey(call)
        case .retireKey: try await retireKey(call)
        case .revokeKey: try await revokeKey(call)
        case .revoke: try await revoke(call)
        case .listRevocations: try await listRevocations(call)
        case .liftRevocation: try await liftRevocation(call)
        case .putSecret: try await putSecret(call)
        case .deleteSecret: try await deleteSecret(call)
        case .listSecrets: try await listSecrets(call)
        case .listVersions: try await listVersions(call)
        case .rollBackSecret: try await rollBackSecret(call)
        case .importSecrets: try await importSecrets(call)
        case .inventory: try await inventory(call)
        case .listElsewhere: try await listElsewhere(call)
        case .secretReport: try await report(call)
        case .probe: try await probe(call)
        case .auditEntries: try await auditEntries(call)
        case .auditEntry: try await auditEntry(call)
        case .auditConsistency: try await auditConsistency(call)
        case .auditSummary: try await auditSummary(call)
        case .page: page()
        case .pageFile: try pageFile(call)
        case .showSession: try await showSession(call)
        case .beginSession: try await beginSession(call)
        case .endSession: endSession(call)
        }
    }
}
