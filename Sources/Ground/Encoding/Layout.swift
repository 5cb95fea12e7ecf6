/// Writes a fixed binary layout: big-endian integers and length-prefixed byte strings, in the order they are called.
package struct LayoutWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    /// Makes an empty layout.
    package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// Writes one byte.
    package mutating func uint8(_ value: UInt8) { bytes.append(value) }

    /// Writes two bytes, the higher first.
    package mutating func uint16(_ value: UInt16) { integer(value) }

    /// Writes four bytes, the highest first.
    package mutating func uint32(_ value: UInt32) { integer(value) }

    /// Writes eight bytes, the highest first.
    package mutating func uint64(_ value: UInt64) { integer(value) }

    /// Writes bytes whose length the layout fixes.
    package mutating func fixed(_ value: [UInt8]) { bytes.append(contentsOf: value) }

    /// Writes a part of some bytes, whose length the layout fixes.
    package mutating func fixed(_ value: ArraySlice<UInt8>) { bytes.append(contentsOf: value) }

    /// Writes a two-byte length, then the bytes.
    ///
    /// - Throws: `EncodingError` with code `layout` above 65,535 bytes.
    package mutating func prefixed16(_ value: [UInt8]) throws(EncodingError) {
        try length16(value.count)
        bytes.append(contentsOf: value)
    }

    /// Writes a two-byte length, then a text's UTF-8.
    ///
    /// - Throws: `EncodingError` with code `layout` above 65,535 bytes.
    package mutating func prefixed16(_ value: String) throws(EncodingError) {
        try length16(value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    private mutating func length16(_ count: Int) throws(EncodingError) {
        guard let length = UInt16(exactly: count) else {
            throw EncodingError(.layout, at: bytes.count, wanted: "at most 65535 bytes, saw \(count)")
        }
        uint16(length)
    }

    private mutating func integer<Integer: FixedWidthInteger & UnsignedInteger>(_ value: Integer) {
        var shift = Integer.bitWidth
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> Integer(shift)))
        }
    }
}

/// Reads a layout that `LayoutWriter` wrote; every read is bounded, and what is left over is an error.
package struct LayoutReader: Sendable {
    private let bytes: [UInt8]
    package private(set) var offset = 0

    /// Makes a reader over some bytes.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads one byte.
    package mutating func uint8() throws(EncodingError) -> UInt8 { try integer() }

    /// Reads two bytes.
    package mutating func uint16() throws(EncodingError) -> UInt16 { try integer() }

    /// Reads four bytes.
    package mutating func uint32() throws(EncodingError) -> UInt32 { try integer() }

    /// Reads eight bytes.
    package mutating func uint64() throws(EncodingError) -> UInt64 { try integer() }

    /// Reads as many bytes as the layout fixes.
    package mutating func fixed(_ count: Int) throws(EncodingError) -> [UInt8] {
        guard count <= bytes.count - offset else {
            throw EncodingError(.layout, at: offset, wanted: "\(count) more bytes, saw \(bytes.count - offset)")
        }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    /// Reads a two-byte length, then the bytes.
    package mutating func prefixed16() throws(EncodingError) -> [UInt8] { try fixed(Int(uint16())) }

    /// Checks that nothing is left.
    package func end() throws(EncodingError) {
        guard offset == bytes.count else {
            throw EncodingError(.layout, at: offset, wanted: "the end, saw \(bytes.count - offset) more bytes")
        }
    }

    private mutating func integer<Integer: FixedWidthInteger & UnsignedInteger>() throws(EncodingError) -> Integer {
        try fixed(Integer.bitWidth / 8).reduce(0) { $0 << 8 | Integer($1) }
    }
}
