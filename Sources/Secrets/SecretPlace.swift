internal import Encoding

/// Where a value belongs: bound into its seal, so that a store cannot put one secret in another's place.
struct SecretPlace: CustomStringConvertible {
    /// The store's own name, that a row copied from another store does not open here.
    let store: [UInt8]
    let context: ContextName
    let name: EnvironmentName
    /// Counted from 1 for each name in its context.
    let version: UInt64

    var description: String { "version \(version) of secret \(name) in context \(context)" }

    /// What the seal is bound to: each part behind its length, so that no two places have the same bytes.
    func associatedData(sealedBy keyName: [UInt8]) -> [UInt8] {
        var writer = LayoutWriter(reserving: 256)
        writer.uint8(SealedSecret.version)
        writer.fixed(keyName)
        for part in [store, Array(context.text.utf8), Array(name.text.utf8)] {
            writer.uint32(UInt32(part.count))
            writer.fixed(part)
        }
        writer.uint64(version)
        return writer.bytes
    }
}
