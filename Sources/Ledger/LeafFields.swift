/// Where the fields of an entry's canonical bytes lie: found without copying or decoding them, for what has to look at
/// millions of entries.
///
/// What is found here is not yet known to be a canonical entry; only `Leaf(bytes:)` says that.
package enum LeafFields {
    /// Visits every field in order; answers whether the bytes are fields to their end, with tags that ascend and are known.
    package static func visit(_ bytes: [UInt8], _ field: (FieldTag, Range<Int>) -> Void) -> Bool {
        var offset = LeafHeader.fieldsOffset
        var last: UInt8 = 0
        while offset < bytes.count {
            guard offset + 3 <= bytes.count, bytes[offset] > last, let tag = FieldTag(rawValue: bytes[offset]) else {
                return false
            }
            last = bytes[offset]
            let start = offset + 3
            let end = start + (Int(bytes[offset + 1]) << 8 | Int(bytes[offset + 2]))
            guard end <= bytes.count else { return false }
            field(tag, start..<end)
            offset = end
        }
        return offset == bytes.count
    }
}
