internal import Encoding

/// The master keys that are at hand: the one that seals, and others that still open something.
package struct MasterKeyRing: Sendable {
    /// An array holds no noncopyable values; this is the one reference to each.
    private final class Held: Sendable {
        let key: MasterKey
        init(_ key: consuming MasterKey) { self.key = key }
    }

    private var held: [Held]

    /// Makes a ring of the key that seals.
    package init(sealing key: consuming MasterKey) { held = [Held(key)] }

    /// Adds a key that only opens; one that is there already is left out.
    package mutating func add(_ key: consuming MasterKey) {
        let name = key.name
        guard !held.contains(where: { $0.key.name == name }) else { return }
        held.append(Held(key))
    }

    /// Their public names, that of the sealing one first.
    package var names: [String] { held.map { $0.key.publicName } }

    /// The name of the key that seals.
    var sealingName: [UInt8] { held[0].key.name }

    /// Whether there is a key of a name.
    func has(_ name: [UInt8]) -> Bool { held.contains { $0.key.name == name } }

    /// Lends the key that seals.
    func sealing<Value: ~Copyable>(
        _ body: (borrowing MasterKey) throws(SecretsError) -> Value
    ) throws(SecretsError) -> Value {
        try body(held[0].key)
    }

    /// Lends the key of a name; where there is none the one that seals, whose error then says so.
    func opening<Value: ~Copyable>(
        _ name: [UInt8],
        _ body: (borrowing MasterKey) throws(SecretsError) -> Value
    ) throws(SecretsError) -> Value {
        let found = held.first { $0.key.name == name } ?? held[0]
        return try body(found.key)
    }
}

/// Where the master keys come from, each time that they may have changed.
///
/// It is asked before something is sealed, and when something was sealed with a key that is not at hand. Calls block.
/// Whoever controls it can hand out a key of its own, with which everything is sealed from then on.
package protocol MasterKeySource: Sendable {
    /// Reads the keys.
    ///
    /// - Throws: `SecretsError` with code `masterKey`.
    func ring() throws(SecretsError) -> MasterKeyRing
}

/// Keys that never change.
package struct FixedMasterKeys: MasterKeySource {
    private let keys: MasterKeyRing

    /// Makes a source of one key.
    package init(_ key: consuming MasterKey) { keys = MasterKeyRing(sealing: key) }

    /// Makes a source of a ring.
    package init(_ keys: MasterKeyRing) { self.keys = keys }

    /// The ring that it was made of.
    package func ring() -> MasterKeyRing { keys }
}
