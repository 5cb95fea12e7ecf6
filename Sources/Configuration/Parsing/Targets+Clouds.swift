internal import Exchange
internal import Time
internal import YAML

/// `targets` of Google Cloud, of Microsoft Entra ID, and of any server of RFC 8693.
extension Section {
    func gcp() -> GCPTarget? {
        let example =
            "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci-jobs/providers/jobpass"
        let provider = text(required: "provider", example: example)
        let account = text("service_account")?.value
        let scopes = texts("scopes", limit: 32)?.map(\.value) ?? [GCPTarget.defaultScope]
        let kind = choice("credential", of: GCPTarget.CredentialKind.self) ?? .accessToken
        let audience = text("id_token_audience")?.value
        let session = duration("session", .seconds(1)...(.seconds(43_200)))
        let endpoint = text("endpoint")?.value
        guard let provider else { return nil }
        if let session, session > .seconds(3_600) {
            problems.warning(
                at: mark(of: "session"),
                name("session"),
                "Google gives more than 1h only where an organisation policy lists the account",
                fix: "add it to constraints/iam.allowServiceAccountCredentialLifetimeExtension, or write 1h"
            )
        }
        return reported { () throws(TargetError) in
            try GCPTarget(
                provider: provider.value,
                serviceAccount: account,
                scopes: scopes,
                credential: kind,
                idTokenAudience: audience,
                session: session,
                endpoint: endpoint
            )
        }
    }

    func azure() -> AzureTarget? {
        let tenant = text(required: "tenant", example: "contoso.onmicrosoft.com")
        let clientID = text(required: "client_id", example: "11111111-2222-3333-4444-555555555555")
        let scope = text(required: "scope", example: "https://management.azure.com/.default")
        let authority = text("authority")?.value ?? AzureTarget.defaultAuthority
        guard let tenant, let clientID, let scope else { return nil }
        return reported { () throws(TargetError) in
            try AzureTarget(tenant: tenant.value, clientID: clientID.value, scope: scope.value, authority: authority)
        }
    }

    func tokenExchange(files: inout FileSettings) -> TokenExchangeTarget? {
        let endpoint = text(required: "token_endpoint", example: "https://service.example.com/oauth/token")
        let parameters = parameters("parameters")
        let subject = text("subject_token_type")?.value ?? "jwt"
        let requested = text("requested_token_type")?.value
        let actor = text("actor_token_file").map { files.add(.readable, path($0.value), place: place(of: $0)) }
        let actorType = text("actor_token_type")?.value
        let body = choice("body", of: TokenExchangeTarget.Body.self) ?? .form
        let revocation = text("revocation_endpoint")?.value
        let environment = text("environment")?.value ?? TokenExchangeTarget.defaultEnvironment
        guard let endpoint else { return nil }
        return reported { () throws(TargetError) in
            try TokenExchangeTarget(
                endpoint: endpoint.value,
                parameters: parameters,
                subjectTokenType: subject,
                requestedTokenType: requested,
                actorTokenFile: actor,
                actorTokenType: actorType,
                body: body,
                revocationEndpoint: revocation,
                environment: environment
            )
        }
    }

    /// Further parameters of a request by their names; one with a list stands once for each of its values.
    func parameters(_ key: String) -> [TokenExchangeTarget.Parameter] {
        named(key).flatMap { entry -> [TokenExchangeTarget.Parameter] in
            var nodes = [entry.value]
            if case .sequence(let elements) = entry.value.value { nodes = elements }
            return nodes.compactMap { text(of: $0, under: "\(key).\(entry.key)") }
                .map { TokenExchangeTarget.Parameter(entry.key, $0.value) }
        }
    }
}
