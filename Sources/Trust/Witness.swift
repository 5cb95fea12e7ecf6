internal import JSON

/// Where a claim is in a token: its name, or names one in another.
package struct ClaimPath: Hashable, Sendable, CustomStringConvertible {
    let names: [String]

    /// Makes the path of a claim.
    package init(_ names: String...) { self.names = names }

    init(names: [String]) { self.names = names }

    package var description: String { names.joined(separator: ".") }

    func value(in claims: JSONObject) -> JSON? {
        var value: JSON? = .object(claims)
        for name in names { value = value?[name] }
        return value
    }

    func set(_ value: JSON?, in claims: inout JSONObject) {
        claims = Self.set(value, names[...], in: claims)
    }

    private static func set(_ value: JSON?, _ names: ArraySlice<String>, in object: JSONObject) -> JSONObject {
        guard let first = names.first else { return object }
        var object = object
        if names.count == 1 {
            object[first] = value
        } else if value != nil || object[first] != nil {
            object[first] = .object(set(value, names.dropFirst(), in: object[first]?.asObject ?? [:]))
        }
        return object
    }
}

/// What a policy looks at, and values between which its answer may differ: the ground on which a witness is looked for.
package struct Horizon: Sendable {
    /// The claims in a fixed order, each with the values that the policy names for it.
    private(set) var values: [(path: ClaimPath, values: [JSON])] = []

    init() {}

    mutating func add(_ path: ClaimPath, _ value: JSON? = nil) {
        let index: Int
        if let known = values.firstIndex(where: { $0.path == path }) {
            index = known
        } else {
            index = values.count
            values.append((path, []))
        }
        if let value, !values[index].values.contains(value), values[index].values.count < 12 {
            values[index].values.append(value)
        }
    }

    func looksAt(_ path: ClaimPath) -> Bool { values.contains { $0.path == path } }
}

/// A claim that a finding is about and the value that it is to have: nil where it is to be missing.
struct Stipulation: Sendable {
    let path: ClaimPath
    let value: JSON?

    init(_ path: ClaimPath, _ value: JSON?) {
        self.path = path
        self.value = value
    }
}

/// Looks for a token that a policy admits.
struct WitnessSearch {
    let policy: any TrustPolicy
    /// How many tokens are tried.
    static let limit = 4_096

    /// What nobody would have meant.
    static let stranger: JSONObject = [
        "sub": "project:stranger/fork:ref:refs/heads/anything:workflow:any:job:any", "project": "stranger/fork",
        "workflow": "any", "job": "any", "ref": "refs/heads/anything", "environment": "anything", "actor": "stranger",
        "repository": "stranger/fork", "trust": "untrusted",
    ]

    /// A stranger's token with what is stipulated, and with as few of the policy's own values as let it pass.
    func find(_ stipulations: [Stipulation]) -> JSONObject? {
        var base = Self.stranger
        for stipulation in stipulations { stipulation.path.set(stipulation.value, in: &base) }
        let fixed = Set(stipulations.map(\.path))
        let free = policy.horizon.values.filter { !fixed.contains($0.path) }.map { entry in
            let foreign: [JSON?] =
                entry.path == ClaimPath("iss") || entry.path == ClaimPath("aud") ? [] : [Self.foreign(entry.path), nil]
            return (path: entry.path, choices: foreign + entry.values.map { Optional($0) })
        }.filter { !$0.choices.isEmpty }
        var indexes = [Int](repeating: 0, count: free.count)
        for _ in 0..<Self.limit {
            var claims = base
            for (entry, index) in zip(free, indexes) { entry.path.set(entry.choices[index], in: &claims) }
            if policy.explain(Presented(claims)).verdict == .pass { return claims }
            // Counts up, the last claim first.
            var place = free.count - 1
            while place >= 0, indexes[place] + 1 == free[place].choices.count {
                indexes[place] = 0
                place -= 1
            }
            guard place >= 0 else { return nil }
            indexes[place] += 1
        }
        return nil
    }

    private static func foreign(_ path: ClaimPath) -> JSON {
        path.names.count == 1
            ? stranger[path.names[0]] ?? "stranger" : path.names.first == AWSClaims.tags ? ["stranger"] : "stranger"
    }
}
