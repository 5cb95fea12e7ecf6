internal import Encoding
package import JSON
package import Secrets
package import Time

/// What administrators are told of secrets, as the broker answers it and the command prints it: never a value.
extension SecretSummary {
    /// The secret under the names of the contract.
    package func json(in context: ContextSettings, at now: UnixTime) -> JSON {
        let rules = context.rules(for: name)
        return [
            "name": .string(name.text),
            "version": .integer(Int64(clamping: version)),
            "created_at": .string(RFC3339.format(created)),
            "changed_at": .string(RFC3339.format(changed)),
            "deleted_at": .time(deleted),
            "purged_at": .time(deleted.map { $0 + SecretVault.keptFor }),
            "max_age": rules.maxAge.map { .string($0.text) } ?? .null,
            "overdue_since": .time(context.overdueSince(self, at: now)),
        ]
    }
}

extension SecretVersion {
    /// The version under the names of the contract; `state` says in one word what can be done with it.
    package func json(at now: UnixTime) -> JSON {
        [
            "version": .integer(Int64(clamping: number)),
            "state": .string(state(at: now)),
            "created_at": .string(RFC3339.format(created)),
            "superseded_at": .time(superseded),
            "readable_until": .time(readableUntil),
            "deleted_at": .time(deleted),
        ]
    }

    /// `current`, `readable` (in its grace period), `kept` (for a rollback), `deleted` or `purged`.
    package func state(at now: UnixTime) -> String {
        if isPurged { return "purged" }
        if deleted != nil { return "deleted" }
        if superseded == nil { return "current" }
        return readableUntil.map { now < $0 } ?? false ? "readable" : "kept"
    }
}

extension ImportPlan {
    /// The plan under the names of the contract.
    package func json(isDone: Bool) -> JSON {
        [
            "context": .string(context.text), "done": .bool(isDone),
            "added": .array(added.map { .string($0.text) }),
            "replaced": .array(replaced.map { .string($0.text) }),
            "kept": .array(kept.map { .string($0.text) }),
        ]
    }
}

extension InventoryItem {
    /// The item under the names of the contract.
    package var json: JSON {
        [
            "source": .string(source), "place": .string(place), "name": .string(name), "created_at": .time(created),
            "updated_at": .time(updated), "listed_at": .time(listed),
        ]
    }

    /// Reads an item of a source, listed at a moment.
    ///
    /// - Throws: `SecretsError` with code `value` where it is none.
    package init(parsing json: JSON, source: String, listed: UnixTime) throws(SecretsError) {
        guard let place = json["place"]?.asString, let name = json["name"]?.asString else {
            throw SecretsError(.value, "an item needs a 'place' and a 'name'")
        }
        try self.init(
            source: source,
            place: place,
            name: name,
            created: (json["created_at"]?.asString).flatMap { try? RFC3339.parse($0) },
            updated: (json["updated_at"]?.asString).flatMap { try? RFC3339.parse($0) },
            listed: listed
        )
    }
}

extension InventoryPlan {
    /// The plan under the names of the contract.
    package func json(isDone: Bool) -> JSON {
        [
            "source": .string(source), "done": .bool(isDone), "added": .integer(Int64(added)),
            "known": .integer(Int64(known)), "missing": .integer(Int64(missing)), "removed": .integer(Int64(removed)),
        ]
    }
}

extension JSON {
    /// A moment, or null.
    package static func time(_ moment: UnixTime?) -> JSON { moment.map { .string(RFC3339.format($0)) } ?? .null }
}
