package import Encoding

/// Secrets under the names of environment variables, in the order they were added; each name once.
///
/// It has one owner and cannot be printed, as the secrets in it: what holds it decides who may read.
package struct NamedSecrets: ~Copyable, Sendable {
    /// An array holds no noncopyable values; this is the one reference to each.
    private final class Slot: Sendable {
        let value: SecretBytes
        init(_ value: consuming SecretBytes) { self.value = value }
    }

    /// The names in order.
    package private(set) var names: [EnvironmentName] = []
    private var slots: [Slot] = []
    private var known: Set<EnvironmentName> = []

    /// Makes a set without secrets.
    package init() {}

    /// Adds a secret under a name that has none yet.
    package mutating func append(_ name: EnvironmentName, _ value: consuming SecretBytes) {
        precondition(known.insert(name).inserted, "\(name) stands twice")
        names.append(name)
        slots.append(Slot(value))
    }

    /// Adds the UTF-8 of a text under a name that has none yet.
    package mutating func append(_ name: EnvironmentName, text: String) {
        var bytes = Array(text.utf8)
        append(name, SecretBytes(consuming: &bytes))
    }

    /// The same names with the same secrets, which end when the last that has them does.
    package borrowing func copy() -> NamedSecrets {
        var copy = NamedSecrets()
        copy.names = names
        copy.slots = slots
        return copy
    }

    /// Lends the secret of a name; nil where there is none.
    ///
    /// - Throws: what `body` throws.
    package borrowing func withValue<Result, E: Error>(
        of name: EnvironmentName,
        _ body: (Span<UInt8>) throws(E) -> Result
    ) throws(E) -> Result? {
        guard let index = names.firstIndex(of: name) else { return nil }
        return try slots[index].value.withBytes(body)
    }

    /// Whether there is a secret of a name.
    package borrowing func has(_ name: EnvironmentName) -> Bool { known.contains(name) }

    /// A second secret of the same bytes; nil where there is none of the name.
    package borrowing func copy(of name: EnvironmentName) -> SecretBytes? {
        guard let index = names.firstIndex(of: name) else { return nil }
        return slots[index].value.copy()
    }

    /// Lends every name with its secret, in order.
    ///
    /// - Throws: what `body` throws.
    package borrowing func withEach<E: Error>(_ body: (EnvironmentName, Span<UInt8>) throws(E) -> Void) throws(E) {
        for (name, slot) in zip(names, slots) {
            try slot.value.withBytes { bytes throws(E) in try body(name, bytes) }
        }
    }
}

extension [UInt8] {
    /// Makes an array of bytes that are lent; whoever copies a secret answers for the copy.
    package init(copying bytes: Span<UInt8>) {
        self.init()
        reserveCapacity(bytes.count)
        for index in bytes.indices { append(bytes[index]) }
    }
}
