internal import Configuration
internal import Crypto
internal import Delivery
internal import Encoding
internal import HTTP
internal import JSON
internal import Ledger
internal import Secrets

/// `POST /v1/contexts/NAME/secrets`: many secrets at once, all of them or none.
extension Broker {
    /// Imports values by name; with `dry_run` it says what would happen, and does nothing.
    func importSecrets(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (principal, context) = try await context(of: call)
        let body = try call.json(depth: now.limits.jsonDepth)
        let values = try self.values(in: body)
        let replacing = body["replace"]?.asBool ?? false
        let isDryRun = body["dry_run"]?.asBool ?? false
        let plan: ImportPlan
        do throws(SecretsError) {
            plan = try await secrets.plan(values.names, into: context.name, replacing: replacing)
        } catch {
            throw Problem(error)
        }
        if isDryRun || plan.changes == 0 { return .json(200, plan.json(isDone: !isDryRun)) }
        let entry = changeEntry(of: principal, call)
        let prepared: PreparedImport
        do throws(SecretsError) {
            prepared = try await secrets.prepareImport(
                values,
                into: context.name,
                replacing: replacing,
                recordedAs: entry
            )
        } catch {
            throw Problem(error)
        }
        let done = prepared.plan
        try await applyImport(prepared)
        return .json(200, done.json(isDone: true))
    }

    private func applyImport(_ prepared: consuming PreparedImport) async throws(Problem) {
        let released: Released<SecretChange>
        do throws(LedgerError) {
            released = try await prepared.record(in: ledger)
            noteRecording(nil)
        } catch {
            noteRecording(error)
            throw Problem(error)
        }
        do throws(SecretsError) { try await secrets.apply(released) } catch { throw Problem(error) }
    }

    private func values(in body: JSON) throws(Problem) -> NamedSecrets {
        var values = NamedSecrets()
        let members = [("values", false), ("base64", true)].flatMap { key, isEncoded in
            (body[key]?.asObject?.members ?? []).map { (member: $0, isEncoded: isEncoded) }
        }
        for (member, isEncoded) in members {
            guard let name = EnvironmentName(member.name), !values.names.contains(name) else {
                throw Problem(
                    .invalidRequest,
                    "'\(member.name.prefix(64))' is there twice or cannot be the name of a secret: letters, digits and '_'."
                )
            }
            let bytes = member.value.asString.flatMap { text -> [UInt8]? in
                isEncoded ? try? Base64.decode(text) : Array(text.utf8)
            }
            guard var bytes else { throw Problem(.invalidRequest, "The value of \(name) is no text of its kind.") }
            try checkSize(bytes.count, of: name)
            values.append(name, SecretBytes(consuming: &bytes))
        }
        guard !values.names.isEmpty else {
            throw Problem(.invalidRequest, "There is nothing to import: 'values' and 'base64' are missing or empty.")
        }
        return values
    }
}
