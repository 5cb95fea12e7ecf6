internal import HTTP
internal import JSON
internal import Time
internal import Tokens
internal import Trust

/// Microsoft Entra ID as far as client assertions of federated identities go: any application of any tenant has a federated
/// credential for each of the sandbox's issuers, and for every subject or for those that are named.
struct EntraStandIn: Sendable {
    private let party: RelyingParty
    private let clock: WallClock
    private let report: @Sendable (SandboxEvent) -> Void
    private let subjects: Set<String>?
    private let policy: (any TrustPolicy)?

    /// The most characters of a federated credential's subject.
    private static let subjectLimit = 600

    init(
        _ settings: Sandbox.Settings,
        _ party: RelyingParty,
        _ clock: @escaping WallClock,
        _ report: @escaping @Sendable (SandboxEvent) -> Void
    ) {
        self.party = party
        self.clock = clock
        self.report = report
        subjects = settings.azureSubjects
        policy = settings.azureCredentials
    }

    /// Answers a request to `/TENANT/oauth2/v2.0/token`.
    func token(_ request: HTTPRequest) async -> HTTPResponse {
        do throws(EntraError) {
            return .json(try await exchange(request))
        } catch {
            return error.response(at: clock())
        }
    }

    private func exchange(_ request: HTTPRequest) async throws(EntraError) -> JSONObject {
        let parameters: OAuthParameters
        let client: String
        let assertion: String
        do throws(OAuthRefusal) {
            parameters = try OAuthParameters(request)
            guard try parameters.required("grant_type") == "client_credentials" else {
                throw OAuthRefusal("unsupported_grant_type", "grant_type must be client_credentials")
            }
            client = try parameters.required("client_id")
            let scope = try parameters.required("scope")
            guard scope.split(separator: " ").filter({ $0.hasSuffix("/.default") }).count == 1 else {
                throw OAuthRefusal("invalid_scope", "scope")
            }
            let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            guard try parameters.required("client_assertion_type") == type else {
                throw OAuthRefusal("invalid_request", "client_assertion_type must be \(type)")
            }
            assertion = try parameters.required("client_assertion")
        } catch {
            throw error.code == "invalid_scope"
                ? EntraError(
                    70_011,
                    "The provided value for the input parameter 'scope' is not valid.",
                    error: error.code
                )
                : EntraError(900_144, error.text, error: error.code)
        }
        do throws(EntraError) {
            let subject = try await verify(assertion)
            report(SandboxEvent(.entra, client, .taken(subject: subject)))
        } catch {
            report(SandboxEvent(.entra, client, .refused(reason: error.description)))
            throw error
        }
        return ["token_type": "Bearer", "expires_in": 3_599, "access_token": .string(FakeSecret.accessToken())]
    }

    private func verify(_ assertion: String) async throws(EntraError) -> String {
        let claims: JSONObject
        do throws(RelyingParty.Rejection) { claims = try await party.verify(assertion) } catch {
            throw EntraError(error)
        }
        let subject = claims["sub"]?.asString ?? ""
        if let policy { try EntraError.refuse(by: policy.explain(Presented(claims)), subject: subject) }
        guard subject.unicodeScalars.count <= Self.subjectLimit, subjects?.contains(subject) ?? true else {
            let alike = subjects?.contains { $0.lowercased() == subject.lowercased() } ?? false
            throw EntraError(
                alike ? 7_002_138 : 700_213,
                "No matching federated identity record found for presented assertion subject '\(subject)'."
            )
        }
        return subject
    }

    /// The documents that SDKs ask for before they send an assertion; nil where the path is none of theirs.
    static func document(_ request: HTTPRequest) -> HTTPResponse? {
        let parts = request.path.split(separator: "/").map(String.init)
        guard request.method == .get, let host = request.fields["Host"] else { return nil }
        if parts == ["common", "discovery", "instance"] {
            return .json([
                "tenant_discovery_endpoint": .string("https://\(host)/common/v2.0/.well-known/openid-configuration"),
                "api-version": "1.1", "metadata": [],
            ])
        }
        guard parts.count == 4, parts.dropFirst() == ["v2.0", ".well-known", "openid-configuration"] else { return nil }
        let tenant = "https://\(host)/\(parts[0])"
        return .json([
            "issuer": .string("\(tenant)/v2.0"), "token_endpoint": .string("\(tenant)/oauth2/v2.0/token"),
            "authorization_endpoint": .string("\(tenant)/oauth2/v2.0/authorize"),
            "jwks_uri": .string("\(tenant)/discovery/v2.0/keys"), "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"], "id_token_signing_alg_values_supported": ["RS256"],
        ])
    }
}

extension EntraError {
    /// Throws what Entra says of a token that none of an application's credentials is for.
    static func refuse(by explanation: Explanation, subject: String) throws(EntraError) {
        guard explanation.verdict != .pass else { return }
        let failed = explanation.nearest?.checks.first { $0.verdict != .pass }
        let number: Int64 =
            switch failed?.claim {
            case "iss": failed?.test == "equals" ? 700_211 : 7_002_241
            case "aud": 700_212
            case _ where failed?.test == "matches" || failed?.test == "eq": 7_002_131
            default: failed?.note?.hasPrefix("they differ in case") == true ? 7_002_138 : 700_213
            }
        throw EntraError(
            number,
            "No matching federated identity record found for presented assertion subject '\(subject)'. (\(explanation.cause))"
        )
    }
}

/// An answer of Entra's that is an error, by its number.
struct EntraError: Error, CustomStringConvertible {
    let number: Int64
    let text: String
    let error: String

    init(_ number: Int64, _ text: String, error: String = "invalid_client") {
        self.number = number
        self.text = text
        self.error = error
    }

    /// What Entra says of an assertion that it does not take.
    init(_ rejection: RelyingParty.Rejection) {
        switch rejection {
        case .stranger(let issuer):
            self.init(
                700_211,
                "No matching federated identity record found for presented assertion issuer '\(issuer)'."
            )
        case .token(let error):
            switch (error.code, error.subject) {
            case (.expired, _), (.notYetValid, _):
                self.init(700_024, "Client assertion is not within its valid time range. (\(error))")
            case (.claim, "aud"):
                self.init(
                    700_212,
                    "No matching federated identity record found for presented assertion audience. (\(error))"
                )
            case (.signature, _), (.key, _), (.algorithm, _), (.unreachable, _), (.discovery, _):
                self.init(
                    700_027,
                    "The certificate with identifier used to sign the client assertion was not found. (\(error))"
                )
            default: self.init(50_027, "JWT token is invalid or malformed. (\(error))", error: "invalid_request")
            }
        }
    }

    var description: String { "AADSTS\(number): \(text)" }

    func response(at now: UnixTime) -> HTTPResponse {
        let (trace, correlation) = (FakeSecret.requestID(), FakeSecret.requestID())
        let time = RFC3339.format(UnixTime(seconds: now.seconds))
        let body: JSONObject = [
            "error": .string(error),
            "error_description": .string(
                "\(self) Trace ID: \(trace) Correlation ID: \(correlation) Timestamp: \(time)"
            ),
            "error_codes": [.integer(number)], "timestamp": .string(time), "trace_id": .string(trace),
            "correlation_id": .string(correlation),
        ]
        return .json(body, status: error == "invalid_client" ? 401 : 400)
    }
}
