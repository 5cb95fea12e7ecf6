import JSON
import Testing

@Suite("Reading JSON")
struct JSONReadingTests {
    @Test(
        "a value reads as its kind",
        arguments: [
            ("null", JSON.null), (" true ", true), ("false", false), ("-12", -12),
            ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)), ("1.0", .number(1)), ("1e3", .number(1000)), ("0.1", 0.1),
            (#""""#, ""), (#""a\u00e9\ud83d\ude00\/\n""#, "a\u{e9}\u{1F600}/\n"), ("[]", []), ("[1,[2]]", [1, [2]]),
            ("{}", [:]), (#"{"":{"a":[null]}}"#, ["": ["a": [nil]]]),
        ] as [(String, JSON)]
    )
    func kinds(text: String, value: JSON) throws(JSONError) {
        #expect(try JSON.parse(Array(text.utf8)) == value)
    }

    @Test(
        "what two readers could understand differently is refused",
        arguments: [
            "", "  ", "nul", "{", "[1,]", #"{"a":1,}"#, #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#,
            #"{"x":{"b":1,"b":2}}"#,
            #""\u0000""#, #"{"\u0000":1}"#, "1 2", "{} {}", "{}x", "01", "+1", "1.", ".5", "0x10", "NaN", "Infinity",
            "9223372036854775808", "1e400", "'a'", "// c\n1", "\"a\tb\"", #""\x41""#, #""\ud800""#, #""\udc00\ud800""#,
            "\u{FEFF}1", "tru", "[1", "]", #"{"a" 1}"#, #"{1:2}"#, "\u{0}", "1\u{0}", "{}\u{0}", "[1\u{0}]",
            "[1\u{0}2]",
        ]
    )
    func refused(text: String) {
        #expect { try JSON.parse(Array(text.utf8)) } throws: { ($0 as? JSONError)?.code == .malformed }
    }

    @Test(
        "bytes that are no UTF-8 are refused",
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC3, 0x22],
            [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], [0xFF, 0xFE, 0x31, 0x00],
        ] as [[UInt8]]
    )
    func utf8(bytes: [UInt8]) {
        #expect { try JSON.parse(bytes) } throws: { ($0 as? JSONError)?.code == .malformed }
    }

    @Test("an error names line and column")
    func place() {
        #expect {
            try JSON.parse(Array("{\n  \"a\": 1,\n  \"a\": 2\n}".utf8))
        } throws: { error in
            guard let error = error as? JSONError else { return false }
            return error.line == 3 && error.reason.contains("duplicate")
        }
    }

    @Test("nesting is counted to the limit and no further, and brackets inside strings do not count")
    func depth() throws {
        let limits = JSONLimits(bytes: 1000, depth: 3)
        #expect(try JSON.parse(Array(#"[{"[[[[\"{{":[1]},[]]"#.utf8), limits: limits)["x"] == nil)
        #expect(
            throws: JSONError(.tooDeep, line: 2, column: 8, reason: "nested deeper than 3")
        ) { try JSON.parse(Array("[\n\"\u{e9}\", [[[1]]]]".utf8), limits: limits) }
    }

    @Test("a hundred thousand open brackets are refused without a deep stack")
    func bomb() {
        #expect { try JSON.parse([UInt8](repeating: UInt8(ascii: "["), count: 100_000)) } throws: {
            ($0 as? JSONError)?.code == .tooDeep
        }
    }

    @Test("the byte limit holds to the byte")
    func length() throws {
        let limits = JSONLimits(bytes: 4, depth: 1)
        #expect(try JSON.parse(Array("true".utf8), limits: limits) == true)
        #expect { try JSON.parse(Array("true ".utf8), limits: limits) } throws: { ($0 as? JSONError)?.code == .tooLong }
    }

    @Test("names keep their order")
    func order() throws {
        let object = try #require(JSON.parse(Array(#"{"z":1,"a":2,"m":3,"b":4}"#.utf8)).asObject)
        #expect(object.members.map(\.name) == ["z", "a", "m", "b"])
    }

    @Test("names that are equal to Unicode but not in bytes are two names")
    func canonicalEquivalence() throws {
        let text = "{\"\u{e9}\":1,\"e\u{301}\":2}"
        let value = try JSON.parse(Array(text.utf8))
        #expect(value["\u{e9}"] == 1)
        #expect(value["e\u{301}"] == 2)
        #expect(value.text == text)
        #expect(JSON.string("\u{e9}") != JSON.string("e\u{301}"))
    }
}

@Suite("Writing JSON")
struct JSONWritingTests {
    @Test(
        "a value is written in one way and read back as itself",
        arguments: [
            (nil, "null"), (true, "true"), (.integer(.min), "-9223372036854775808"), (1_700_000_000, "1700000000"),
            (1.5, "1.5"), (.number(3), "3.0"), ("", #""""#),
            ("a\"\\\n\u{1}/\u{e9}\u{1F600}", "\"a\\\"\\\\\\n\\u0001/\u{e9}\u{1F600}\""),
            ([], "[]"), ([1, "2", [nil]], #"[1,"2",[null]]"#), ([:], "{}"),
            (["z": 1, "": ["b": false], "a": []], #"{"z":1,"":{"b":false},"a":[]}"#),
        ] as [(JSON, String)]
    )
    func written(value: JSON, text: String) throws {
        #expect(value.text == text)
        #expect(try JSON.parse(value.serialized()) == value)
    }

    @Test("text longer than the first buffer is whole")
    func long() throws {
        let value = JSON.array((0..<500).map { .string("element \($0)") })
        #expect(try JSON.parse(value.serialized()) == value)
        let exact = JSON.string(String(repeating: "x", count: 1022))
        #expect(exact.serialized().count == 1024)
        #expect(try JSON.parse(exact.serialized()) == exact)
    }

    @Test("pretty text is indented by two spaces")
    func pretty() {
        let value: JSON = ["a": [1], "b": [:]]
        #expect(
            String(decoding: value.serialized(pretty: true), as: UTF8.self)
                == "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}"
        )
    }

    @Test("a number that JSON cannot write becomes null", arguments: [Double.nan, .infinity, -.infinity])
    func notFinite(value: Double) { #expect(JSON.number(value).text == "null") }
}

@Suite("Objects")
struct JSONObjectTests {
    @Test("setting keeps the place of a name, adds a new one at the end, and removes with nil")
    func setting() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = 3
        object["c"] = 4
        object["b"] = nil
        object["nothing"] = nil
        #expect(JSON.object(object).text == #"{"a":3,"c":4}"#)
    }

    @Test("objects are equal whatever their order, and differ by any member")
    func equality() {
        #expect(["a": 1, "b": 2] as JSONObject == ["b": 2, "a": 1])
        #expect(["a": 1, "b": 2] as JSONObject != ["a": 1])
        #expect(["a": 1] as JSONObject != ["a": 1, "b": nil])
        #expect(["a": 1] as JSONObject != ["a": 1.0])
    }

    @Test("accessors answer for their own kind alone")
    func accessors() {
        let value: JSON = ["s": "text", "i": 1, "b": true, "a": [1], "n": 1.0]
        #expect(value["s"]?.asString == "text" && value["s"]?.asInteger == nil)
        #expect(value["i"]?.asInteger == 1 && value["i"]?.asBool == nil)
        #expect(value["b"]?.asBool == true && value["b"]?.asString == nil)
        #expect(value["a"]?.asArray == [1] && value["a"]?.asObject == nil && value["a"]?["x"] == nil)
        #expect(value["n"]?.asInteger == nil)
    }
}
