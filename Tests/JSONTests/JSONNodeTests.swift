import JSON
import Testing

@Suite("JSON with places keeps what a reader would drop")
struct JSONNodeTests {
    private func parse(_ text: String) throws -> JSONNode { try JSONNode.parse(Array(text.utf8)) }

    @Test("equal names are all there, in order")
    func duplicates() throws {
        guard case .object(let members) = try parse("{\"a\": 1,\n \"b\": [true, null], \"a\": {\"a\": 2}}").value else {
            Issue.record("no object")
            return
        }
        #expect(members.map(\.name) == ["a", "b", "a"])
        #expect(members.map(\.line) == [1, 2, 2])
        #expect(members.map(\.column) == [2, 2, 21])
        #expect(members.map(\.value.column) == [7, 7, 26])
    }

    @Test("columns count characters, and escapes are read")
    func characters() throws {
        guard case .array(let elements) = try parse("[\"é\\\"\\u00e9]\", \"x\"]").value,
            case .scalar(let first) = elements[0].value
        else {
            Issue.record("no array")
            return
        }
        #expect(first == "é\"é]")
        #expect(elements[1].column == 16)
    }

    @Test(
        "what is no JSON is refused as ever",
        arguments: ["", "{", "{\"a\" 1}", "[1,]", "1 2", "{\"a\": 01}", "\"\u{0}\"", String(repeating: "[", count: 40)]
    )
    func refused(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test(
        "scalars stand alone",
        arguments: [("1", 1), ("\"a\"", "a"), ("true", true), ("null", nil)] as [(String, JSON)]
    )
    func scalars(text: String, value: JSON) throws {
        guard case .scalar(let read) = try parse(" \(text) ").value else {
            Issue.record("no scalar")
            return
        }
        #expect(read == value)
    }
}
