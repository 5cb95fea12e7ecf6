internal import Text
internal import YAML

/// The keys that a mapping may have.
struct Keys {
    let known: [String]
    /// Keys of the contract that this version does not support, so that none of them is ignored in silence.
    let later: [String]

    init(_ known: [String], later: [String] = []) {
        self.known = known
        self.later = later
    }
}

/// A mapping whose keys have been checked, and whose values are taken out one by one.
///
/// A value that is missing or wrong is reported where it stands and comes out as nil, so that reading goes on to the next.
struct Section {
    /// The keys above, joined by dots; empty at the top.
    let path: String
    let mark: YAMLMark
    let problems: Problems
    private let entries: [String: YAMLEntry]

    /// Checks that a node is a mapping of known keys; nil where it is no mapping at all.
    init?(_ node: YAMLNode, at path: String, keys: Keys, problems: Problems) {
        guard case .mapping(let entries) = node.value else {
            let example = keys.known.first.map { "\($0): …" } ?? "key: …"
            problems.error(
                at: node.mark,
                path,
                "saw \(node.kind), wanted a mapping",
                fix: "write keys with their values, such as {\(example)}"
            )
            return nil
        }
        self.path = path
        self.problems = problems
        mark = node.mark
        self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0) })
        for entry in entries where !keys.known.contains(entry.key) { report(unknown: entry, keys: keys) }
    }

    /// The full name of one of the section's keys.
    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Whether a key is written, with or without a value.
    func has(_ key: String) -> Bool { entries[key] != nil }

    /// Where a key is written, or else where the section begins.
    func mark(of key: String) -> YAMLMark { entries[key]?.keyMark ?? mark }

    /// The value of a key that may be left out; a key without a value is reported.
    func node(_ key: String) -> YAMLNode? {
        guard let entry = entries[key] else { return nil }
        if case .scalar(let scalar) = entry.value.value, scalar.isNull {
            problems.error(
                at: entry.keyMark,
                name(key),
                "it has no value",
                fix: "write one behind '\(key):', or remove the key where it may be left out"
            )
            return nil
        }
        return entry.value
    }

    /// Reports a key that must be there and is not.
    func requireKey(_ key: String, example: String) {
        guard !has(key) else { return }
        problems.error(at: mark, name(key), "the key is missing", fix: "add '\(key): \(example)'")
    }

    /// Reports a value that cannot be used.
    func refuse(_ key: String, _ reason: String, fix: String) {
        problems.error(at: entries[key]?.value.mark ?? mark, name(key), reason, fix: fix)
    }

    private func report(unknown entry: YAMLEntry, keys: Keys) {
        guard !keys.later.contains(entry.key) else {
            problems.error(
                at: entry.keyMark,
                name(entry.key),
                "the key is not supported by this version",
                fix: "remove it; what it asks for would not happen"
            )
            return
        }
        let meant = NearMiss.name(nearestTo: entry.key, among: keys.known + keys.later)
        problems.error(
            at: entry.keyMark,
            name(entry.key),
            "there is no such key",
            fix: meant.map { "did you mean '\($0)'?" }
                ?? "remove it; the keys here are \(keys.known.joined(separator: ", "))"
        )
    }
}
