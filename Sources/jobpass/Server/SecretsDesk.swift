internal import Delivery
internal import Encoding
internal import HTTP
internal import Intake
internal import JSON
internal import Secrets
internal import Time

/// Where an administrator's work on static secrets is done: at the broker, or in its store beside it.
///
/// Answers are those of the contract's calls, wherever they come from.
protocol SecretsDesk: Sendable {
    /// Sets a new version, and returns its number; with `grace` the version before stays readable for so long.
    func set(_ value: [UInt8], of name: String, in context: String, grace: Duration?) throws -> UInt64
    /// Makes the value of a former version, or of a deleted secret, the newest; returns its number.
    func rollBack(_ name: String, in context: String, to version: UInt64?) throws -> UInt64
    /// Deletes a secret; its value is kept for seven days.
    func delete(_ name: String, in context: String) throws
    /// `{"context", "secrets": […]}`.
    func list(_ context: String) throws -> JSON
    /// `{"context", "name", "versions": […]}`.
    func versions(of name: String, in context: String) throws -> JSON
    /// `{"context", "done", "added", "replaced", "kept"}`.
    func bring(_ values: SecretValues, into context: String, replacing: Bool, isDryRun: Bool) throws -> JSON
    /// `{"source", "done", "added", "known", "missing", "removed"}`.
    func listElsewhere(_ items: [Listing.Item], of source: String, replacing: Bool, isDryRun: Bool) throws -> JSON
    /// The report on what can go, by the fields of `GET /v1/secrets/report`.
    func report(_ query: Form) throws -> JSON
}

/// Values on their way into a context, in the order of the file that they come from.
struct SecretValues: Sendable {
    var all: [(name: EnvironmentName, value: [UInt8])] = []

    /// The members of an import's body: texts under `values`, what is no text under `base64`.
    var members: JSONObject {
        var texts = JSONObject()
        var others = JSONObject()
        for (name, value) in all {
            if let text = String(validating: value, as: UTF8.self), !value.contains(0) {
                texts[name.text] = .string(text)
            } else {
                others[name.text] = .string(Base64.encode(value))
            }
        }
        return ["values": .object(texts), "base64": .object(others)]
    }
}

/// An administrator's work by the broker's own calls.
struct RemoteSecrets: SecretsDesk {
    let invocation: Invocation

    func set(_ value: [UInt8], of name: String, in context: String, grace: Duration?) throws -> UInt64 {
        let query = Form(grace.map { [Form.Field("grace", $0.text)] } ?? [])
        return try version(
            BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
                try await broker.call(.put, Self.path(context, name), query: query, body: .bytes(value))
            }
        )
    }

    func rollBack(_ name: String, in context: String, to version: UInt64?) throws -> UInt64 {
        let query = Form(version.map { [Form.Field("version", String($0))] } ?? [])
        return try self.version(
            BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
                try await broker.call(.post, Self.path(context, name) + ["rollback"], query: query)
            }
        )
    }

    func delete(_ name: String, in context: String) throws {
        _ = try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await broker.call(.delete, Self.path(context, name))
        }
    }

    func list(_ context: String) throws -> JSON {
        try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await broker.call(.get, ["v1", "contexts", context, "secrets"])
        }
    }

    func versions(of name: String, in context: String) throws -> JSON {
        try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await broker.call(.get, Self.path(context, name))
        }
    }

    func bring(_ values: SecretValues, into context: String, replacing: Bool, isDryRun: Bool) throws -> JSON {
        var body = values.members
        body["replace"] = .bool(replacing)
        body["dry_run"] = .bool(isDryRun)
        let wish = JSON.object(body)
        return try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await broker.call(.post, ["v1", "contexts", context, "secrets"], body: .json(wish))
        }
    }

    func listElsewhere(_ items: [Listing.Item], of source: String, replacing: Bool, isDryRun: Bool) throws -> JSON {
        let listed = items.map { item -> JSON in
            [
                "place": .string(item.place), "name": .string(item.name), "created_at": .time(item.created),
                "updated_at": .time(item.updated),
            ]
        }
        let body: JSON = ["items": .array(listed), "replace": .bool(replacing), "dry_run": .bool(isDryRun)]
        return try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await broker.call(.post, ["v1", "inventory", source], body: .json(body))
        }
    }

    func report(_ query: Form) throws -> JSON {
        try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await broker.call(.get, ["v1", "secrets", "report"], query: query, within: .seconds(300))
        }
    }

    private static func path(_ context: String, _ name: String) -> [String] {
        ["v1", "contexts", context, "secrets", name]
    }

    private func version(_ answer: JSON) throws(CommandError) -> UInt64 {
        guard let version = answer["version"]?.asInteger.flatMap(UInt64.init(exactly:)) else {
            throw CommandError(.unavailable, "the broker's answer names no version")
        }
        return version
    }
}
