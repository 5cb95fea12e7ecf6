package import JSON
internal import Time
package import Tokens

/// How far each of a ring's keys has come in its life, and which keys it had: the content of `life.json`.
package struct LifeFile: Sendable {
    /// By the keys' kids.
    package private(set) var lives: [String: KeyLife] = [:]
    /// The kids of those that are in the ring no more, the last of them last.
    package private(set) var removed: [String] = []

    /// Gathers what is to be written.
    package init(of keys: [IssuerKey], removed: [String]) {
        lives = Dictionary(uniqueKeysWithValues: keys.map { ($0.kid, $0.life) })
        self.removed = removed
    }

    /// Reads what `bytes` wrote; nil where it is something else.
    package init?(_ bytes: [UInt8]) {
        guard let json = try? JSON.parse(bytes) else { return nil }
        self.init(json)
    }

    /// Reads what `json` was; nil where it is something else.
    package init?(_ json: JSON) {
        guard let keys = json["keys"]?.asObject, let removed = json["removed"]?.asArray else { return nil }
        for member in keys.members {
            guard let state = member.value["state"]?.asString.flatMap(KeyLife.State.init(rawValue:)) else { return nil }
            lives[member.name] = KeyLife(
                state,
                since: Self.time(member.value["since"]),
                until: Self.time(member.value["until"]),
                isWanted: member.value["wanted"]?.asBool ?? false
            )
        }
        self.removed = removed.compactMap(\.asString)
    }

    /// The file.
    package var bytes: [UInt8] { json.serialized() + [UInt8(ascii: "\n")] }

    /// The same as a member of another document.
    package var json: JSON {
        var keys = JSONObject()
        for (kid, life) in lives.sorted(by: { $0.key < $1.key }) {
            var members: JSONObject = ["state": .string(life.state.rawValue)]
            members["since"] = life.since.map { .string(RFC3339.format($0)) }
            members["until"] = life.until.map { .string(RFC3339.format($0)) }
            if life.isWanted { members["wanted"] = true }
            keys[kid] = .object(members)
        }
        return ["keys": .object(keys), "removed": .array(removed.map { .string($0) })]
    }

    private static func time(_ value: JSON?) -> UnixTime? { (value?.asString).flatMap { try? RFC3339.parse($0) } }
}
