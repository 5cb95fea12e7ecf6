/// A setting of a target that cannot work, named by its key so that the configuration can point at its line.
package struct TargetError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The key under the target, such as `role`; `name` for the target's own name.
    package let key: String
    /// The value that was refused.
    package let seen: String
    /// What to write instead.
    package let wanted: String

    /// Makes an error of one key.
    package init(_ key: String, seen: String, wanted: String) {
        self.key = key
        self.seen = seen
        self.wanted = wanted
    }

    package var description: String { "\(key): saw '\(seen)', wanted \(wanted)" }
}
