internal import Configuration
internal import Crypto
internal import Delivery
internal import Encoding
internal import HTTP
internal import JSON
internal import Ledger
internal import Secrets
internal import Time

/// `/v1/contexts/NAME/secrets` and below: for the administrators of the context.
extension Broker {
    /// Sets a new version of a secret; the value is the body, as it is.
    ///
    /// With `grace` the version before stays readable.
    func putSecret(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (principal, context, name) = try await secret(of: call)
        let grace = try grace(of: call)
        try checkSize(call.request.body.count, of: name)
        let sealed: Sealed<SecretChange>
        do throws(SecretsError) {
            sealed = try await secrets.prepareSet(
                SecretBytes(copying: call.request.body),
                of: name,
                in: context.name,
                grace: grace,
                recordedAs: changeEntry(of: principal, call)
            )
        } catch {
            throw Problem(error)
        }
        return try await applyVersion(sealed, of: name, in: context.name)
    }

    /// Refuses a value of more bytes than `limits.secret_bytes`.
    func checkSize(_ count: Int, of name: EnvironmentName) throws(Problem) {
        let limit = now.limits.secretBytes
        guard count <= limit else {
            throw Problem(
                .tooLarge,
                "The value of \(name) has \(count) bytes, and limits.secret_bytes allows \(limit)."
            )
        }
    }

    /// Makes the value of a former version, or of a deleted secret, the newest again.
    func rollBackSecret(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (principal, context, name) = try await secret(of: call)
        let wanted = try version(of: call)
        let sealed: Sealed<SecretChange>
        do throws(SecretsError) {
            sealed = try await secrets.prepareRollback(
                name,
                in: context.name,
                to: wanted,
                recordedAs: changeEntry(of: principal, call)
            )
        } catch {
            throw Problem(error)
        }
        return try await applyVersion(sealed, of: name, in: context.name)
    }

    /// Deletes a secret; its value is kept for seven days.
    func deleteSecret(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (principal, context, name) = try await secret(of: call)
        let sealed: Sealed<SecretChange>
        do throws(SecretsError) {
            sealed = try await secrets.prepareDelete(
                name,
                in: context.name,
                recordedAs: changeEntry(of: principal, call)
            )
        } catch {
            throw Problem(error)
        }
        try await apply(sealed)
        return HTTPResponse(status: 204)
    }

    /// Names, versions and dates; never a value.
    func listSecrets(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (_, context) = try await context(of: call)
        let summaries: [SecretSummary]
        do throws(SecretsError) { summaries = try await secrets.list(context.name) } catch { throw Problem(error) }
        let now = clock()
        return .json(
            200,
            [
                "context": .string(context.name.text),
                "secrets": .array(summaries.map { $0.json(in: context, at: now) }),
            ]
        )
    }

    /// The versions of one secret; never a value.
    func listVersions(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (_, context, name) = try await secret(of: call)
        let versions: [SecretVersion]
        do throws(SecretsError) {
            versions = try await secrets.versions(of: name, in: context.name)
        } catch {
            throw Problem(error)
        }
        let now = clock()
        return .json(
            200,
            [
                "context": .string(context.name.text), "name": .string(name.text),
                "versions": .array(versions.map { $0.json(at: now) }),
            ]
        )
    }

    /// Records a change, and only then makes it.
    func apply(_ sealed: consuming Sealed<SecretChange>) async throws(Problem) {
        let released = try await release(sealed, to: nil)
        do throws(SecretsError) {
            try await secrets.apply(released)
        } catch {
            throw Problem(error)
        }
    }

    private func applyVersion(
        _ sealed: consuming Sealed<SecretChange>,
        of name: EnvironmentName,
        in context: ContextName
    ) async throws(Problem) -> HTTPResponse {
        let version = sealed.entry.version ?? 0
        try await apply(sealed)
        return .json(
            201,
            ["context": .string(context.text), "name": .string(name.text), "version": .integer(Int64(version))]
        )
    }

    /// The principal that calls, the context and the secret.
    private func secret(of call: Call) async throws(Problem) -> (Principal, ContextSettings, EnvironmentName) {
        let (principal, context) = try await context(of: call)
        guard let name = EnvironmentName(call.parameters[1]) else {
            throw Problem(
                .invalidRequest,
                "'\(call.parameters[1].prefix(64))' cannot be the name of a secret, wanted letters, digits and '_'."
            )
        }
        return (principal, context, name)
    }

    /// The principal that calls, if it administers the context that the path names.
    func context(of call: Call) async throws(Problem) -> (Principal, ContextSettings) {
        let name = call.parameters[0]
        let principal = try await administrator(of: call, context: name)
        guard let context = now.context(name) else {
            throw Problem(.notFound, "The configuration has no context '\(name.prefix(64))'.")
        }
        return (principal, context)
    }

    /// What the ledger is told of a change by a principal.
    func changeEntry(of principal: Principal, _ call: Call) -> Entry {
        var entry = Entry(.secretChanged, .succeeded, trace: call.trace)
        entry.principal = principal.name
        entry.address = call.request.peer.address
        return entry
    }

    private func grace(of call: Call) throws(Problem) -> Duration? {
        guard let text = try call.value("grace", in: try call.query()) else { return nil }
        guard let grace = try? Duration(parsing: text), grace <= SecretVault.longestGrace else {
            throw Problem(
                .invalidRequest,
                "'grace' is '\(text.prefix(32))', wanted a duration of at most \(SecretVault.longestGrace.text), such as 24h."
            )
        }
        return grace
    }

    /// The version that a query names.
    func version(of call: Call) throws(Problem) -> UInt64? {
        guard let text = try call.value("version", in: try call.query()) else { return nil }
        guard let version = UInt64(text), version > 0 else {
            throw Problem(.invalidRequest, "'version' is '\(text.prefix(32))', wanted a number from 1.")
        }
        return version
    }
}
