import HTTP
import Testing

@Suite("traceparent")
struct TraceParentTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let parent = "b7ad6b7169203331"

    @Test("the example of W3C Trace Context, section 3.2.4, is read and written")
    func example() throws {
        let sampled = try #require(TraceParent("00-\(Self.trace)-\(Self.parent)-01"))
        #expect(sampled == TraceParent(trace: Self.trace, parent: Self.parent, isSampled: true))
        #expect(sampled.text == "00-\(Self.trace)-\(Self.parent)-01")
        #expect(TraceParent("00-\(Self.trace)-\(Self.parent)-00")?.isSampled == false)
        // Flags that this version does not know are passed over.
        #expect(TraceParent("00-\(Self.trace)-\(Self.parent)-fe")?.text.hasSuffix("-00") == true)
    }

    @Test(
        "a later version is read as far as it is known",
        arguments: ["cc-\(trace)-\(parent)-01", "cc-\(trace)-\(parent)-01-what-the-future-will-be-like"]
    )
    func later(text: String) { #expect(TraceParent(text)?.trace == Self.trace) }

    @Test(
        "what breaks a rule is none",
        arguments: [
            "", "00", trace, "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-", "00-\(trace)-\(parent)-1",
            "00-\(trace)-\(parent)-01-", "00-\(trace)-\(parent)-01-more", "00-\(trace)-\(parent)-011",
            "ff-\(trace)-\(parent)-01", "0-\(trace)-\(parent)-01", "00-\(trace.uppercased())-\(parent)-01",
            "00-\(trace)-\(parent.uppercased())-01", "00-\(trace)-\(parent)-0A", "cc-\(trace)-\(parent)-01.more",
            "00-00000000000000000000000000000000-\(parent)-01", "00-\(trace)-0000000000000000-01",
            "00-\(trace.dropLast())-\(parent)-01", "00-\(trace)0-\(parent)-01", "00_\(trace)-\(parent)-01",
            " 00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01 ", "00-\(trace.dropLast())g-\(parent)-01",
            "cc-\(trace)-\(parent)-01-" + String(repeating: "a", count: 600),
        ]
    )
    func refused(text: String) { #expect(TraceParent(text) == nil) }
}
