internal import Sandbox
internal import Time
internal import Tokens
internal import Trust

/// What the options of `jobpass sandbox` ask of the stand-ins.
extension SandboxCommand {
    static func settings(_ invocation: Invocation) throws -> Sandbox.Settings {
        var settings = Sandbox.Settings(issuers: try issuers(invocation))
        func replace(_ values: inout [String], by option: Option) {
            if !invocation.all(option).isEmpty { values = invocation.all(option) }
        }
        replace(&settings.awsAudiences, by: awsAudience)
        replace(&settings.gcpAudiences, by: gcpAudience)
        replace(&settings.azureAudiences, by: azureAudience)
        replace(&settings.vaultAudiences, by: vaultAudience)
        replace(&settings.exchangeAudiences, by: audience)
        let subjects = invocation.all(azureSubject)
        if !subjects.isEmpty { settings.azureSubjects = Set(subjects) }
        for text in invocation.all(vaultRole) {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            let name = (parts.first ?? "").lowercased()
            settings.vaultRoles = (settings.vaultRoles ?? []).union([name])
            if parts.count == 2 { settings.vaultPolicies[name] = try policy(parts[1], .vault) }
        }
        settings.awsPolicy = try invocation[awsTrustPolicy].map { try policy($0, .aws) }
        settings.gcpProvider = try invocation[gcpProvider].map { try policy($0, .google) } as? GoogleProvider
        settings.azureCredentials = try invocation[azureCredential].map { try policy($0, .azure) }
        settings.vaultNamespaces = Set(invocation.all(vaultNamespace))
        for text in invocation.all(vaultSecret) {
            let (path, field, value) = try secret(text, invocation)
            settings.vaultSecrets[path, default: [:]][field] = value
        }
        for text in invocation.all(fail) { settings.faults.append(try fault(text, invocation)) }
        if let text = invocation[latency] { settings.latency = try duration(text, "latency", invocation) }
        return settings
    }

    private static func policy(_ path: String, _ kind: PolicyKind) throws -> any TrustPolicy {
        let bytes = try LocalFile.read(path, limit: PolicyReader.maximumBytes)
        do throws(TrustError) { return try PolicyReader.read(bytes, kind: kind) } catch {
            throw CommandError(.badData, "\(path): \(error)")
        }
    }

    private static func issuers(_ invocation: Invocation) throws(CommandError) -> [IssuerURL] {
        var urls: [IssuerURL] = []
        for text in invocation.all(issuer) {
            do throws(TokenError) {
                urls.append(try IssuerURL(text))
            } catch {
                throw .usage("\(invocation.label)--issuer: \(error)")
            }
        }
        return urls
    }

    /// `outage`, or `outage:30s`.
    private static func fault(_ text: String, _ invocation: Invocation) throws(CommandError) -> SandboxFault {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let kind = SandboxFault.Kind(rawValue: parts[0]) else {
            let kinds = SandboxFault.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .usage(
                "\(invocation.label)--fail: saw '\(text)', wanted one of \(kinds), and perhaps a time, as in outage:30s"
            )
        }
        guard parts.count == 2 else { return SandboxFault(kind) }
        return SandboxFault(kind, for: try duration(parts[1], "fail", invocation))
    }

    private static func duration(
        _ text: String,
        _ option: String,
        _ invocation: Invocation
    ) throws(CommandError) -> Duration {
        guard let duration = try? Duration(parsing: text), duration > .zero, duration <= .seconds(86_400) else {
            throw .usage("\(invocation.label)--\(option): saw '\(text)', wanted a time such as 30s, at most 1d")
        }
        return duration
    }

    /// `secret/data/web:password=hunter2`.
    private static func secret(
        _ text: String,
        _ invocation: Invocation
    ) throws(CommandError) -> (path: String, field: String, value: String) {
        guard let equals = text.firstIndex(of: "="), let colon = text[..<equals].lastIndex(of: ":"),
            text.hasPrefix("secret/data/")
        else {
            throw .usage(
                "\(invocation.label)--vault-secret: saw '\(text)', wanted PATH:FIELD=VALUE, as in secret/data/web:password=x"
            )
        }
        return (
            String(text[..<colon]), String(text[text.index(after: colon)..<equals]),
            String(text[text.index(after: equals)...])
        )
    }
}
