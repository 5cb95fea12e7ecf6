import JSON
import Testing

@Suite("Places in a value")
struct JSONPointerTests {
    /// The document of RFC 6901, section 5.
    private static let document =
        #"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#

    @Test(
        "the examples of RFC 6901, section 5, find what they should",
        arguments: [
            ("/foo", #"["bar","baz"]"#), ("/foo/0", #""bar""#), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"), ("/i\\j", "5"), ("/k\"l", "6"), ("/ ", "7"), ("/m~0n", "8"),
        ]
    )
    func examples(_ text: String, _ value: String) throws {
        let root = try JSON.parse(Array(Self.document.utf8))
        let pointer = try #require(JSONPointer(text))
        #expect(pointer.value(in: root)?.text == value)
        #expect("\(pointer)" == text)
        let whole = try #require(JSONPointer(""))
        #expect(whole.value(in: root) == root)
    }

    @Test(
        "a place that there is not is none",
        arguments: ["/foo/2", "/foo/-", "/foo/00", "/foo/bar", "/bar", "/foo/0/x", "/foo/99999999999999999999", "/a/b"]
    )
    func nowhere(_ text: String) throws {
        let root = try JSON.parse(Array(Self.document.utf8))
        let pointer = try #require(JSONPointer(text))
        #expect(pointer.value(in: root) == nil)
    }

    @Test(
        "what is no pointer is refused",
        arguments: ["foo", "/a~", "/a~2", "/~x", "#/foo", "/" + String(repeating: "x", count: 256)]
    )
    func malformed(_ text: String) { #expect(JSONPointer(text) == nil) }
}
