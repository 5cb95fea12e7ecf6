internal import Encoding

/// Where a value belongs: bound into its seal, so that a store cannot put one secret in another's place.
struct SecretPlace: CustomStringConvertible {
    /// What is sealed there.
    enum Part {
        /// The value's own key, by the master key of a name.
        case dataKey([UInt8])
        /// The value, by its own key.
        case value
    }

    /// The store's own name, that a row copied from another store does not open here.
    let store: [UInt8]
    let context: ContextName
    let name: EnvironmentName
    /// Counted from 1 for each name in its context.
    let version: UInt64

    var description: String { "version \(version) of secret \(name) in context \(context)" }

    /// What a seal of layout 2 is bound to: each part behind its length, so that no two places have the same bytes.
    func associatedData(of part: Part) -> [UInt8] {
        var writer = LayoutWriter(reserving: 256)
        writer.uint8(2)
        switch part {
        case .dataKey(let keyName):
            writer.uint8(1)
            writer.fixed(keyName)
        case .value: writer.uint8(2)
        }
        return written(behind: writer)
    }

    /// What a seal of layout 1 is bound to.
    func associatedData(directlyUnder keyName: [UInt8]) -> [UInt8] {
        var writer = LayoutWriter(reserving: 256)
        writer.uint8(1)
        writer.fixed(keyName)
        return written(behind: writer)
    }

    private func written(behind head: LayoutWriter) -> [UInt8] {
        var writer = head
        for part in [store, Array(context.text.utf8), Array(name.text.utf8)] {
            writer.uint32(UInt32(part.count))
            writer.fixed(part)
        }
        writer.uint64(version)
        return writer.bytes
    }
}
