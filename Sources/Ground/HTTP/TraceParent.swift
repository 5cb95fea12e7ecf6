/// The trace that a request belongs to, as whoever sends it says in `traceparent`.
///
/// W3C Trace Context level 1 (Recommendation of 2021-11-23), section 3.2.
package struct TraceParent: Equatable, Sendable {
    /// 32 lower-case hex digits, not all zero.
    package let trace: String
    /// The caller's own step, 16 lower-case hex digits, not all zero.
    package let parent: String
    /// Whether the caller keeps what it records of the trace.
    package let isSampled: Bool

    /// Makes the field that a step of ours sends on; `parent` is that step.
    package init(trace: String, parent: String, isSampled: Bool) {
        self.trace = trace
        self.parent = parent
        self.isSampled = isSampled
    }

    /// Reads a field's value; nil for what breaks a rule, which is to be taken for no field (section 3.2.2.5).
    ///
    /// Of a later version, what this one knows is read (section 4.3).
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes.count <= 512, [2, 35, 52].allSatisfy({ bytes[$0] == dash }) else { return nil }
        let fields = [0..<2, 3..<35, 36..<52, 53..<55].map { bytes[$0] }
        guard fields.allSatisfy({ $0.allSatisfy(Self.isHex) }) else { return nil }
        let version = String(decoding: fields[0], as: UTF8.self)
        guard version != "ff", version != "00" || bytes.count == 55, bytes.count == 55 || bytes[55] == dash,
            [fields[1], fields[2]].allSatisfy({ $0.contains { $0 != UInt8(ascii: "0") } })
        else { return nil }
        trace = String(decoding: fields[1], as: UTF8.self)
        parent = String(decoding: fields[2], as: UTF8.self)
        isSampled = UInt8(String(decoding: fields[3], as: UTF8.self), radix: 16).map { $0 & 1 == 1 } ?? false
    }

    /// The field's value, of version 00.
    package var text: String { "00-\(trace)-\(parent)-\(isSampled ? "01" : "00")" }

    private static func isHex(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }
}
