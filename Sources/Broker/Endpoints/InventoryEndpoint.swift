internal import Configuration
internal import Delivery
internal import HTTP
internal import JSON
internal import Ledger
internal import Secrets
internal import Time

/// `/v1/inventory`: what is still kept elsewhere, by name; for administrators.
extension Broker {
    /// Everything that listings have named.
    func inventory(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try await administrator(of: call)
        let items: [InventoryItem]
        do throws(SecretsError) { items = try await secrets.inventory() } catch { throw Problem(error) }
        return .json(200, ["items": .array(items.map(\.json))])
    }

    /// Takes the listing of a source; with `replace` it is all that the source has, with `dry_run` nothing happens.
    func listElsewhere(_ call: Call) async throws(Problem) -> HTTPResponse {
        let principal = try await administrator(of: call)
        let body = try call.json(depth: now.limits.jsonDepth)
        let source = call.parameters[0]
        let replacing = body["replace"]?.asBool ?? false
        let isDryRun = body["dry_run"]?.asBool ?? false
        let plan: InventoryPlan
        let sealed: Sealed<SecretChange>
        do throws(SecretsError) {
            var items: [InventoryItem] = []
            for json in body["items"]?.asArray ?? [] {
                items.append(try InventoryItem(parsing: json, source: source, listed: clock()))
            }
            guard !items.isEmpty else { throw SecretsError(.value, "there are no 'items'") }
            plan = try await secrets.plan(listing: items, of: source, replacing: replacing)
            let entry = changeEntry(of: principal, call)
            sealed = try secrets.prepareListing(items, of: source, replacing: replacing, recordedAs: entry)
        } catch {
            throw Problem(error)
        }
        if !isDryRun { try await apply(sealed) }
        return .json(200, plan.json(isDone: !isDryRun))
    }
}
