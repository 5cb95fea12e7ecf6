internal import Crypto
internal import Encoding
internal import Federation
internal import Runs
internal import Text
internal import YAML

/// The principals that could be read.
struct PrincipalEntries {
    let all: [PrincipalSettings]
    /// Whether these are all that are written; else what the others may attest is not known.
    let isComplete: Bool

    var attestors: [Attestor] {
        all.compactMap { if case .orchestrator(let attestor) = $0.role { attestor } else { nil } }
    }
}

/// `principals`.
extension Section {
    private static let principalKeys = Keys(
        ["name", "role", "projects", "claims", "contexts", "token_sha256", "certificate", "oidc"]
    )

    func principals(hasClientCA: Bool, issuer: IssuerSetting?, files: inout FileSettings) -> PrincipalEntries {
        var principals: [PrincipalSettings] = []
        let entries = nodes("principals")
        var names: [String: YAMLMark] = [:]
        var proofs: [PrincipalSettings.Proof: YAMLMark] = [:]
        for (index, node) in entries.enumerated() {
            let keys = Self.principalKeys
            guard let section = Section(node, at: "principals[\(index)]", keys: keys, problems: problems) else {
                continue
            }
            guard let principal = section.principal(hasClientCA: hasClientCA, issuer: issuer, files: &files) else {
                continue
            }
            if let first = names.updateValue(section.mark(of: "name"), forKey: principal.name) {
                section.refuse(
                    "name",
                    "'\(principal.name)' is there twice, first in line \(first.line)",
                    fix: "choose another name"
                )
            }
            let proofKey = ["certificate", "oidc"].first { section.has($0) } ?? "token_sha256"
            if let first = proofs.updateValue(section.mark(of: proofKey), forKey: principal.proof) {
                section.refuse(
                    proofKey,
                    "the principal of line \(first.line) has the same, and each request is one principal's",
                    fix: "give each principal its own"
                )
            }
            principals.append(principal)
        }
        let read = PrincipalEntries(
            all: principals,
            isComplete: principals.count == entries.count && (entries.isEmpty ? !has("principals") : true)
        )
        if read.attestors.isEmpty, read.isComplete, !has("federation") {
            problems.warning(
                at: mark(of: "principals"),
                "principals",
                "none has the role orchestrator, so that no run can be registered",
                fix: "add one"
            )
        }
        return read
    }

    private func principal(
        hasClientCA: Bool,
        issuer: IssuerSetting?,
        files: inout FileSettings
    ) -> PrincipalSettings? {
        let name = principalName()
        let role = role(name: name ?? "")
        let proof = proof(hasClientCA: hasClientCA, issuer: issuer, files: &files)
        let contexts = administeredContexts(role)
        guard let name, let role, let proof else { return nil }
        return PrincipalSettings(
            name: name,
            role: role,
            contexts: contexts,
            projects: boundProjects(role),
            proof: proof
        )
    }

    /// The contexts that an administrator is bound to; nil for all.
    private func administeredContexts(_ role: PrincipalSettings.Role?) -> [Pattern]? {
        guard has("contexts") else { return nil }
        guard case .administrator? = role else {
            if role != nil { refuse("contexts", "only an administrator has contexts", fix: "remove it") }
            return nil
        }
        return (texts("contexts") ?? []).compactMap { pattern($0) }
    }

    /// The projects that an administrator or auditor is bound to; nil for all.
    private func boundProjects(_ role: PrincipalSettings.Role) -> [Pattern]? {
        if case .orchestrator = role { return nil }
        return has("projects") ? (texts("projects") ?? []).compactMap { pattern($0) } : nil
    }

    private func principalName() -> String? {
        guard let text = text(required: "name", example: "runner-fleet") else { return nil }
        guard text.value.isPlainName else {
            refuse("name", "'\(text.value)' is no name", fix: "write \(String.plainNameRule)")
            return nil
        }
        return text.value
    }

    private enum RoleName: String, CaseIterable {
        case orchestrator
        case administrator
        case auditor
    }

    private func role(name: String) -> PrincipalSettings.Role? {
        requireKey("role", example: "orchestrator")
        guard let role = choice("role", of: RoleName.self) else { return nil }
        guard role == .orchestrator else {
            if has("claims") {
                refuse("claims", "an \(role.rawValue) attests no runs", fix: "remove it, or make the role orchestrator")
            }
            return role == .administrator ? .administrator : .auditor
        }
        requireKey("projects", example: "[\"acme/*\"]")
        let projects = texts("projects").map { $0.compactMap { pattern($0) } }
        let claims = has("claims") ? texts("claims").map { $0.compactMap { claimName($0) } } : []
        guard let projects, let claims else { return nil }
        return .orchestrator(Attestor(name: name, projects: projects, claims: Set(claims)))
    }

    private func claimName(_ text: Located<String>) -> String? {
        let reason = ReservedClaims.reason(for: text.value)
        guard reason == nil, Claim.canHaveName(text.value) else {
            problems.error(
                at: text.mark,
                text.key,
                "'\(text.value)' cannot be a further claim: \(reason ?? "it is not visible ASCII without quotes and backslashes")",
                fix: "remove it, or choose another name"
            )
            return nil
        }
        return text.value
    }

    private func proof(
        hasClientCA: Bool,
        issuer: IssuerSetting?,
        files: inout FileSettings
    ) -> PrincipalSettings.Proof? {
        switch (has("token_sha256"), has("certificate"), has("oidc")) {
        case (true, false, false): return tokenDigest().map { .token($0) }
        case (false, true, false): return certificate(hasClientCA: hasClientCA)
        case (false, false, true): return oidc(issuer: issuer, files: &files).map { .oidc($0) }
        case (false, false, false):
            problems.error(
                at: mark,
                path,
                "it has no way to show who it is",
                fix: "add token_sha256, certificate or oidc"
            )
        default:
            problems.error(at: mark, path, "it has more than one way to show who it is", fix: "keep one of them")
        }
        return nil
    }

    private func tokenDigest() -> SHA256Digest? {
        guard let text = text("token_sha256") else { return nil }
        guard let digest = try? SHA256Digest(hex: text.value) else {
            // Not quoted: somebody may have put the token itself here.
            refuse(
                "token_sha256",
                "the value is not 64 lower-case hex digits",
                fix: "write what \"printf %s TOKEN | sha256sum\" prints, never the token itself"
            )
            return nil
        }
        guard digest != SHA256.hash([]) else {
            refuse("token_sha256", "this is the SHA-256 of no token at all", fix: "hash the token itself")
            return nil
        }
        return digest
    }

    private func oidc(issuer: IssuerSetting?, files: inout FileSettings) -> UpstreamRules? {
        let keys = Keys(["issuer", "audience", "claims", "algorithms", "leeway", "maximum_age", "ca"])
        guard let section = section("oidc", keys),
            let text = section.text(required: "issuer", example: "https://token.actions.githubusercontent.com"),
            let theirs = section.foreignIssuer(text)
        else { return nil }
        section.requireKey("claims", example: "{sub: \"repo:acme/infra:ref:refs/heads/main\"}")
        let conditions = section.has("claims") ? section.conditions("claims") : []
        guard !conditions.isEmpty, let rules = section.upstreamRules(nil, theirs, own: issuer, files: &files) else {
            return nil
        }
        return rules.requiring(conditions)
    }

    private func certificate(hasClientCA: Bool) -> PrincipalSettings.Proof? {
        guard let certificate = section("certificate", Keys(["san", "spki_sha256"])) else { return nil }
        if !hasClientCA {
            refuse("certificate", "no client certificate is ever asked for", fix: "set tls.client_ca")
        }
        guard certificate.has("spki_sha256") else {
            return certificate.text(required: "san", example: "runner.example.com").map { .certificate(name: $0.value) }
        }
        if certificate.has("san") {
            certificate.refuse("san", "the certificate is told by its key already", fix: "keep one of the two")
        }
        guard let text = certificate.text("spki_sha256") else { return nil }
        let bytes = (try? Base64.decode(text.value)) ?? []
        guard let pin = (try? SHA256Digest(hex: text.value)) ?? SHA256Digest(bytes: bytes) else {
            certificate.refuse(
                "spki_sha256",
                "it is neither 64 lower-case hex digits nor 44 characters of base64",
                fix:
                    "write what \"openssl x509 -in FILE -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum\" prints"
            )
            return nil
        }
        return .publicKey(pin)
    }

    /// A pattern of a rule.
    func pattern(_ text: Located<String>) -> Pattern? {
        do {
            return try Pattern(text.value)
        } catch {
            problems.error(at: text.mark, text.key, error.reason, fix: error.fix)
            return nil
        }
    }
}
