import Encoding
import Testing

@Suite("Percent encoding and forms")
struct FormTests {
    @Test(
        "all but the unreserved characters are escaped, byte for byte",
        arguments: [
            ("", ""), ("AZaz09-._~", "AZaz09-._~"), ("a b", "a%20b"), ("a+b", "a%2Bb"), ("100%", "100%25"),
            ("a/b:c", "a%2Fb%3Ac"),
            ("größe", "gr%C3%B6%C3%9Fe"), ("🚀", "%F0%9F%9A%80"), ("\n\u{0}", "%0A%00"), ("*'()!", "%2A%27%28%29%21"),
        ]
    )
    func encodes(text: String, encoded: String) throws {
        #expect(PercentEncoding.encode(text) == encoded)
        #expect(try PercentEncoding.decode(encoded) == text)
        #expect(try PercentEncoding.decode(encoded, plusIsSpace: true) == text)
    }

    @Test(
        "other spellings of a text decode to it",
        arguments: [("%7e", "~"), ("%7E", "~"), ("%41", "A"), ("a/b", "a/b")]
    )
    func otherSpellings(encoded: String, text: String) throws {
        #expect(try PercentEncoding.decode(encoded) == text)
    }

    @Test("a plus is a space in forms alone")
    func plus() throws {
        #expect(try PercentEncoding.decode("a+b") == "a+b")
        #expect(try PercentEncoding.decode("a+b", plusIsSpace: true) == "a b")
    }

    @Test(
        "a broken escape is refused where it is",
        arguments: [
            ("%", 0), ("a%", 1), ("a%4", 1), ("a%4g", 1), ("a%g4", 1), ("%%41", 0), ("%+1", 0), ("%-1", 0), ("% 1", 0),
        ]
    )
    func brokenEscape(text: String, offset: Int) throws {
        let error = try #require(throws: EncodingError.self) { try PercentEncoding.decode(text) }
        #expect(error.code == .percent)
        #expect(error.offset == offset)
    }

    @Test(
        "bytes that are no UTF-8 are refused",
        arguments: ["%FF", "%C3", "%C0%80", "%ED%A0%80", "%F4%90%80%80", "é%C3"]
    )
    func noText(text: String) throws {
        let error = try #require(throws: EncodingError.self) { try PercentEncoding.decode(text) }
        #expect(error.code == .utf8)
    }

    @Test(
        "a form is read in its order, with what is missing empty",
        arguments: [
            ("", []), ("a=1", [Form.Field("a", "1")]), ("a=1&b=2", [.init("a", "1"), .init("b", "2")]),
            ("a", [.init("a", "")]), ("a=", [.init("a", "")]), ("=1", [.init("", "1")]), ("a=b=c", [.init("a", "b=c")]),
            ("&&a=1&", [.init("a", "1")]), ("a%3D=%26", [.init("a=", "&")]), ("a+b=c+d", [.init("a b", "c d")]),
            ("a=1&a=2", [.init("a", "1"), .init("a", "2")]),
        ] as [(String, [Form.Field])]
    )
    func reads(text: String, fields: [Form.Field]) throws {
        #expect(try Form(parsing: text).fields == fields)
    }

    @Test("separators are bytes: an accent behind one does not hide it")
    func separators() throws {
        let form = try Form(parsing: "a=1&\u{301}b=\u{301}2")
        #expect(form.fields.map(\.name) == ["a", "\u{301}b"])
        #expect(form.fields.map(\.value) == ["1", "\u{301}2"])
    }

    @Test("a field that is there twice has no value, because two parsers would take two")
    func twice() throws {
        let form = try Form(parsing: "a=1&b=2&a=3")
        #expect(try form.value("b") == "2")
        #expect(try form.value("c") == nil)
        let error = try #require(throws: EncodingError.self) { try form.value("a") }
        #expect(error.code == .form)
        #expect(error.wanted == "'a' once")
    }

    @Test("a form has no more fields than the limit")
    func limit() throws {
        #expect(try Form(parsing: "a&b&c", limit: 3).fields.count == 3)
        let error = try #require(throws: EncodingError.self) { try Form(parsing: "a&b&c&d", limit: 3) }
        #expect(error.code == .form)
    }

    @Test("a form reads back what it writes")
    func roundTrip() throws {
        var form = Form([.init("Action", "AssumeRole"), .init("RoleArn", "arn:aws:iam::1:role/x")])
        form.append("a&b", "c=d +é%")
        #expect(
            form.encoded == "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&a%26b=c%3Dd%20%2B%C3%A9%25"
        )
        #expect(try Form(parsing: form.encoded) == form)
    }
}
