internal import Configuration
internal import Crypto
internal import Encoding
internal import HTTP
internal import JSON
internal import Ledger
internal import Secrets
internal import Time

/// `PUT`, `DELETE /v1/contexts/NAME/secrets/SECRET` and `GET /v1/contexts/NAME/secrets`: for administrators.
extension Broker {
    /// Sets a new version of a secret; the value is the body, as it is.
    func putSecret(_ call: Call) async throws(Problem) -> HTTPResponse {
        let principal = try await administrator(of: call)
        let (context, name) = try place(of: call)
        let sealed: Sealed<SecretChange>
        do throws(SecretsError) {
            sealed = try await secrets.prepareSet(
                SecretBytes(copying: call.request.body),
                of: name,
                in: context,
                recordedAs: entry(of: principal, call)
            )
        } catch {
            throw Problem(error)
        }
        let version = sealed.entry.version ?? 0
        try await apply(sealed)
        return .json(
            201,
            ["context": .string(context.text), "name": .string(name.text), "version": .integer(Int64(version))]
        )
    }

    /// Deletes a secret.
    func deleteSecret(_ call: Call) async throws(Problem) -> HTTPResponse {
        let principal = try await administrator(of: call)
        let (context, name) = try place(of: call)
        let sealed: Sealed<SecretChange>
        do throws(SecretsError) {
            sealed = try await secrets.prepareDelete(name, in: context, recordedAs: entry(of: principal, call))
        } catch {
            throw Problem(error)
        }
        try await apply(sealed)
        return HTTPResponse(status: 204)
    }

    /// Names, versions and dates; never a value.
    func listSecrets(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try await administrator(of: call)
        let context = try context(of: call)
        let summaries: [SecretSummary]
        do throws(SecretsError) {
            summaries = try await secrets.list(context)
        } catch {
            throw Problem(error)
        }
        return .json(
            200,
            ["context": .string(context.text), "secrets": .array(summaries.map { .object(Self.describe($0)) })]
        )
    }

    /// Records a change, and only then makes it.
    private func apply(_ sealed: consuming Sealed<SecretChange>) async throws(Problem) {
        let released = try await release(sealed)
        do throws(SecretsError) {
            try await secrets.apply(released)
        } catch {
            throw Problem(error)
        }
    }

    private func place(of call: Call) throws(Problem) -> (ContextName, EnvironmentName) {
        guard let name = EnvironmentName(call.parameters[1]) else {
            throw Problem(
                .invalidRequest,
                "'\(call.parameters[1].prefix(64))' cannot be the name of a secret, wanted letters, digits and '_'."
            )
        }
        return (try context(of: call), name)
    }

    private func context(of call: Call) throws(Problem) -> ContextName {
        guard let context = now.contexts.first(where: { $0.text == call.parameters[0] }) else {
            throw Problem(.notFound, "The configuration has no context '\(call.parameters[0].prefix(64))'.")
        }
        return context
    }

    private func entry(of principal: Principal, _ call: Call) -> Entry {
        var entry = Entry(.secretChanged, .succeeded, trace: call.trace)
        entry.principal = principal.name
        entry.address = call.request.peer.address
        return entry
    }

    private static func describe(_ summary: SecretSummary) -> JSONObject {
        [
            "name": .string(summary.name.text),
            "version": .integer(Int64(summary.version)),
            "created_at": .string(RFC3339.format(summary.created)),
            "changed_at": .string(RFC3339.format(summary.changed)),
            "deleted_at": summary.deleted.map { .string(RFC3339.format($0)) } ?? .null,
        ]
    }
}
