import Encoding
import Testing

@Suite("Fixed layouts")
struct LayoutTests {
    @Test("integers stand with the highest byte first, texts behind their length")
    func writes() throws {
        var writer = LayoutWriter(reserving: 32)
        writer.uint8(0x01)
        writer.uint16(0x0203)
        writer.uint32(0x0405_0607)
        writer.uint64(0x0809_0A0B_0C0D_0E0F)
        writer.fixed([0x10, 0x11])
        try writer.prefixed16([0x12, 0x13, 0x14])
        #expect(writer.bytes == Array(0x01...0x11) + [0x00, 0x03, 0x12, 0x13, 0x14])
    }

    @Test("what was written reads back, and nothing is left")
    func reads() throws {
        var writer = LayoutWriter()
        writer.uint8(.max)
        writer.uint16(.max)
        writer.uint32(.max)
        writer.uint64(.max)
        writer.fixed([1, 2])
        try writer.prefixed16([])
        try writer.prefixed16(Array("text".utf8))
        var reader = LayoutReader(writer.bytes)
        #expect(try reader.uint8() == .max)
        #expect(try reader.uint16() == .max)
        #expect(try reader.uint32() == .max)
        #expect(try reader.uint64() == .max)
        #expect(try reader.fixed(2) == [1, 2])
        #expect(try reader.prefixed16() == [])
        #expect(try reader.prefixed16() == Array("text".utf8))
        #expect(reader.offset == writer.bytes.count)
        try reader.end()
    }

    @Test("bytes that are left over are an error")
    func leftOver() throws {
        var reader = LayoutReader([1, 2])
        _ = try reader.uint8()
        let error = try #require(throws: EncodingError.self) { try reader.end() }
        #expect(error == EncodingError(.layout, at: 1, wanted: "the end, saw 1 more bytes"))
    }

    @Test("a layout cut short anywhere is an error, never a crash")
    func cutShort() throws {
        var writer = LayoutWriter()
        writer.uint32(7)
        try writer.prefixed16([1, 2, 3])
        writer.uint64(9)
        for length in 0..<writer.bytes.count {
            var reader = LayoutReader(Array(writer.bytes.prefix(length)))
            let error = try #require(throws: EncodingError.self) {
                _ = try reader.uint32()
                _ = try reader.prefixed16()
                _ = try reader.uint64()
            }
            #expect(error.code == .layout)
        }
    }

    @Test("a length that promises more than there is is an error")
    func lyingLength() throws {
        var reader = LayoutReader([0xFF, 0xFF, 1])
        let error = try #require(throws: EncodingError.self) { try reader.prefixed16() }
        #expect(error == EncodingError(.layout, at: 2, wanted: "65535 more bytes, saw 1"))
    }

    @Test("a text whose length does not fit is refused")
    func tooLong() throws {
        var writer = LayoutWriter()
        try writer.prefixed16([UInt8](repeating: 0, count: 65_535))
        let error = try #require(throws: EncodingError.self) {
            try writer.prefixed16([UInt8](repeating: 0, count: 65_536))
        }
        #expect(error.code == .layout)
        #expect(writer.bytes.count == 65_537)
    }
}
