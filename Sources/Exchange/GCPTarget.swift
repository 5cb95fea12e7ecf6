internal import Time

/// A workload identity pool of Google Cloud, and perhaps a service account to act as.
package struct GCPTarget: Equatable, Sendable {
    /// What the job gets.
    package enum CredentialKind: String, CaseIterable, Sendable {
        /// An OAuth access token, of the pool's principal or of the service account.
        case accessToken = "access-token"
        /// A Google-signed ID token of the service account, for Cloud Run, IAP and what else takes one.
        case idToken = "id-token"
    }

    /// The scope where `scopes` is left out: all that the principal's IAM roles allow.
    package static let defaultScope = "https://www.googleapis.com/auth/cloud-platform"

    /// How long a service account's token lasts where `session` is left out.
    package static let defaultSession: Duration = .seconds(3_600)

    /// The provider's full resource name: `//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/…`.
    package let provider: String
    /// The e-mail address or unique id of the service account to act as; optional.
    package let serviceAccount: String?
    package let scopes: [String]
    package let credential: CredentialKind
    /// The `aud` of the ID token that is asked for; nil where an access token is.
    package let idTokenAudience: String?
    /// How long an access token of the service account lasts: 1 s to 12 h; above 1 h Google wants the organisation's leave.
    package let session: Duration
    /// One address that serves both `/v1/token` and `/v1/projects/…`, instead of Google's two; optional.
    package let endpoint: Endpoint?

    /// Makes the settings of one provider.
    ///
    /// - Throws: `TargetError` of the key that cannot work.
    package init(
        provider: String,
        serviceAccount: String? = nil,
        scopes: [String] = [GCPTarget.defaultScope],
        credential: CredentialKind = .accessToken,
        idTokenAudience: String? = nil,
        session: Duration? = nil,
        endpoint: String? = nil
    ) throws(TargetError) {
        self.provider = try Self.resourceName(provider)
        if let serviceAccount, !Self.isAccount(serviceAccount) {
            throw TargetError(
                "service_account",
                seen: serviceAccount,
                wanted: "an address such as deploy@my-project.iam.gserviceaccount.com, or the account's unique id"
            )
        }
        try Self.check(scopes)
        try Self.check(credential, serviceAccount, idTokenAudience)
        if let session {
            guard serviceAccount != nil, credential == .accessToken else {
                throw TargetError(
                    "session",
                    seen: session.text,
                    wanted: "nothing: only an access token of a service_account has a lifetime of choice"
                )
            }
            guard session >= .seconds(1), session <= .seconds(43_200) else {
                throw TargetError("session", seen: session.text, wanted: "1s to 12h")
            }
        }
        self.serviceAccount = serviceAccount
        self.scopes = scopes
        self.credential = credential
        self.idTokenAudience = idTokenAudience
        self.session = session ?? Self.defaultSession
        self.endpoint = try endpoint.map { text throws(TargetError) in try Endpoint(text, key: "endpoint") }
    }

    private static func check(_ scopes: [String]) throws(TargetError) {
        guard (1...32).contains(scopes.count) else {
            throw TargetError("scopes", seen: "\(scopes.count) of them", wanted: "1 to 32")
        }
        for scope in scopes where !SettingCheck.isVisible(scope, limit: 256) || scope.contains("\"") {
            throw TargetError("scopes", seen: scope, wanted: "a scope such as \(defaultScope)")
        }
    }

    private static func check(_ kind: CredentialKind, _ account: String?, _ audience: String?) throws(TargetError) {
        switch kind {
        case .accessToken:
            if let audience {
                throw TargetError("id_token_audience", seen: audience, wanted: "'credential: id-token' beside it")
            }
        case .idToken:
            guard account != nil else {
                throw TargetError("credential", seen: kind.rawValue, wanted: "service_account too: it is its ID token")
            }
            guard let audience, SettingCheck.isVisible(audience, limit: 1_024) else {
                throw TargetError(
                    audience == nil ? "credential" : "id_token_audience",
                    seen: audience ?? kind.rawValue,
                    wanted: "id_token_audience with what the service that takes the token expects as aud"
                )
            }
        }
    }

    /// The name in full, which may be written with `https:` or without the service before it.
    private static func resourceName(_ text: String) throws(TargetError) -> String {
        let example =
            "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci-jobs/providers/jobpass"
        func refused(_ wanted: String) -> TargetError { TargetError("provider", seen: text, wanted: wanted) }
        var name = text[...]
        for prefix in ["https:", "//iam.googleapis.com/"] where name.hasPrefix(prefix) {
            name = name.dropFirst(prefix.count)
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 8, parts[0] == "projects", parts[2] == "locations", parts[3] == "global",
            parts[4] == "workloadIdentityPools", parts[6] == "providers"
        else { throw refused("the provider's full name, such as \(example)") }
        guard (1...20).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw refused(
                "the project's number in it instead of '\(parts[1])': gcloud projects describe \(parts[1]) "
                    + "--format='value(projectNumber)'"
            )
        }
        // The rule of IAM's own API description (iam v1) for both ids.
        for id in [parts[5], parts[7]] {
            let isPlain = id.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
            guard (4...32).contains(id.utf8.count), isPlain, !id.hasPrefix("gcp-") else {
                throw refused("an id of 4 to 32 of a-z, 0-9 and '-' that does not begin with gcp-, instead of '\(id)'")
            }
        }
        return "//iam.googleapis.com/" + name
    }

    private static func isAccount(_ text: String) -> Bool {
        guard (1...128).contains(text.utf8.count) else { return false }
        if text.utf8.allSatisfy({ (48...57).contains($0) }) { return text.utf8.count >= 10 }
        let halves = text.split(separator: "@", omittingEmptySubsequences: false)
        return halves.count == 2 && !halves[0].isEmpty && halves[1].contains(".")
            && halves.allSatisfy { half in
                half.utf8.allSatisfy { SettingCheck.isLetterOrDigit($0) || "-._".utf8.contains($0) }
            }
    }
}
