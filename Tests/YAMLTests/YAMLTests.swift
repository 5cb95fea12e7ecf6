import Testing
import YAML

@Suite("YAML")
struct YAMLTests {
    @Test("a configuration-like text becomes nodes with their places")
    func nodes() throws {
        let node = try YAMLNode.parse(
            Array(
                """
                issuer: https://ci.example.com  # the issuer
                keys:
                  algorithms: [RS256, "ES256"]
                allow:
                  - {project: acme/*, ref: 'refs/**'}
                  -
                    job: |
                      two
                      lines

                """.utf8
            )
        )
        #expect(node.mark == YAMLMark(line: 1, column: 1))
        #expect(
            node.outline == """
                {issuer@1:1=https://ci.example.com@1:9, \
                keys@2:1={algorithms@3:3=[RS256@3:16, 'ES256'@3:23]@3:15}@3:3, \
                allow@4:1=[{project@5:6=acme/*@5:15, ref@5:23='refs/**'@5:28}@5:5, \
                {job@7:5='two\nlines\n'@7:10}@7:5]@5:3}@1:1
                """
        )
    }

    @Test("a text without a document is an empty mapping", arguments: ["", "\n", "# nothing\n", "\u{FEFF}"])
    func empty(text: String) throws {
        #expect(try YAMLNode.parse(Array(text.utf8)).value == .mapping([]))
    }

    @Test(
        "a document may begin and end with its markers",
        arguments: ["---\na: b\n", "---\na: b\n...\n", "\u{FEFF}a: b"]
    )
    func markers(text: String) throws {
        let node = try YAMLNode.parse(Array(text.utf8))
        guard case .mapping(let entries) = node.value else {
            Issue.record("no mapping")
            return
        }
        #expect(entries.map(\.key) == ["a"])
    }

    @Test("columns count characters, not bytes")
    func columns() throws {
        #expect(try YAMLNode.parse(Array("{größe: ü, b: c}".utf8)).outline == "{größe@1:2=ü@1:9, b@1:12=c@1:15}@1:1")
    }

    @Test(
        "only a plain scalar can stand for nothing",
        arguments: [
            ("a:", true), ("a: ~", true), ("a: null", true), ("a: ''", false), ("a: 'null'", false), ("a: no", false),
        ]
    )
    func null(text: String, isNull: Bool) throws {
        guard case .mapping(let entries) = try YAMLNode.parse(Array(text.utf8)).value,
            case .scalar(let scalar) = entries.first?.value.value
        else {
            Issue.record("no scalar")
            return
        }
        #expect(scalar.isNull == isNull)
    }

    @Test(
        "what could mean two things is refused with its place",
        arguments: [
            (
                "a: 1\nb: 2\na: 3", YAMLError.Code.duplicateKey,
                "3:1: the key 'a' is there twice, first in line 1; remove one"
            ),
            ("a: {b: 1, 'b': 2}", .duplicateKey, "1:11: the key 'b' is there twice, first in line 1; remove one"),
            ("a: &x 1", .unsupported, "1:4: an anchor; write a value that begins with & in quotes"),
            ("&x a: 1", .unsupported, "1:1: an anchor; write a value that begins with & in quotes"),
            ("a: *x", .unsupported, "1:4: an alias; write a value that begins with * in quotes, such as \"*\""),
            ("a: !!str 1", .unsupported, "1:4: a tag; write a value that begins with ! in quotes"),
            ("a: ! b", .unsupported, "1:4: a tag; write a value that begins with ! in quotes"),
            ("!x [1]", .unsupported, "1:1: a tag; write a value that begins with ! in quotes"),
            ("a: &x {b: 1}", .unsupported, "1:4: an anchor; write a value that begins with & in quotes"),
            ("%YAML 1.1\n---\na: 1", .unsupported, "1:1: a directive; remove the line that begins with %"),
            ("a: 1\n---\nb: 2", .unsupported, "2:1: a second document; write one in a file"),
            ("? [a]\n: 1", .unsupported, "1:3: a key that is a list or a mapping; write a word before the colon"),
            ("{{a: b}: c}", .unsupported, "1:2: a key that is a list or a mapping; write a word before the colon"),
        ]
    )
    func refuses(text: String, code: YAMLError.Code, message: String) throws {
        let error = try #require(throws: YAMLError.self) { try YAMLNode.parse(Array(text.utf8)) }
        #expect(error.code == code)
        #expect("\(error)" == message)
    }

    @Test(
        "what is no YAML is refused with its place",
        arguments: [
            ("a: [1, 2", 2, 1), ("a: 'x", 1, 6), ("a: b: c", 1, 5), ("a: 1\n b: 2", 2, 3), ("}", 1, 1), ("a: {b", 2, 1),
            ("a: 1\n...\nb: 2", 3, 1),
            ("- a\nb: c", 2, 1),
        ]
    )
    func malformed(text: String, line: Int, column: Int) throws {
        let error = try #require(throws: YAMLError.self) { try YAMLNode.parse(Array(text.utf8)) }
        #expect(error.code == .malformed)
        #expect(error.mark == YAMLMark(line: line, column: column), "\(error)")
        #expect(!error.reason.isEmpty)
    }

    @Test("what is not closed is said where it was opened")
    func unclosed() throws {
        let error = try #require(throws: YAMLError.self) { try YAMLNode.parse(Array("a:\n  b: [1,\n  c: 2\n".utf8)) }
        #expect(
            "\(error)"
                == "4:1: while parsing a flow sequence from 2:6, did not find expected ',' or ']'; mend the YAML there"
        )
    }

    @Test("a star without quotes gets a hint", arguments: ["project: *", "project: */web", "{project: **}"])
    func starHint(text: String) throws {
        let error = try #require(throws: YAMLError.self) { try YAMLNode.parse(Array(text.utf8)) }
        #expect(error.fix == "write a value that begins with * in quotes, such as \"*\"")
    }

    @Test("a tab gets a hint", arguments: ["a:\n\tb: 1", "größe:\n\tb: 1"])
    func tabHint(text: String) throws {
        let error = try #require(throws: YAMLError.self) { try YAMLNode.parse(Array(text.utf8)) }
        #expect(error.mark == YAMLMark(line: 2, column: 1))
        #expect(error.fix == "indent with spaces, not with tabs")
    }

    @Test(
        "bytes that are no text are refused with their place",
        arguments: [
            ([UInt8]("a: b\nc: \u{0}".utf8), 2, 4), (Array("a: \u{1}".utf8), 1, 4), (Array("ab: ".utf8) + [0xFF], 1, 5),
            (Array("a: ".utf8) + [0xC0, 0x80], 1, 4), (Array("a: ".utf8) + [0xED, 0xA0, 0x80], 1, 4),
            (Array("a: ü".utf8) + [0xC3], 1, 5), ([0xFF, 0xFE, 0x61, 0x00], 1, 1),
        ]
    )
    func noText(bytes: [UInt8], line: Int, column: Int) throws {
        let error = try #require(throws: YAMLError.self) { try YAMLNode.parse(bytes) }
        #expect(error.code == .malformed)
        #expect(error.mark == YAMLMark(line: line, column: column), "\(error)")
    }

    @Test("texts are limited in length, depth and number of values")
    func limits() throws {
        let limits = YAMLLimits(bytes: 20, depth: 3, nodes: 5)
        func code(_ text: String) -> YAMLError.Code? {
            do {
                _ = try YAMLNode.parse(Array(text.utf8), limits: limits)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(String(repeating: "a", count: 20)) == nil)
        #expect(code(String(repeating: "a", count: 21)) == .tooLarge)
        #expect(code("[[a]]") == nil)
        #expect(code("[[[a]]]") == .tooLarge)
        #expect(code("[a,a,a,a]") == nil)
        #expect(code("[a,a,a,a,a]") == .tooLarge)
    }

    @Test("ten thousand open brackets are refused, not followed")
    func bomb() throws {
        let error = try #require(throws: YAMLError.self) {
            try YAMLNode.parse(Array(repeating: UInt8(ascii: "["), count: 10_000))
        }
        #expect(error.code == .tooLarge)
        #expect(error.mark == YAMLMark(line: 1, column: 33))
    }

    @Test("no value of the text is in an error")
    func keepsValues() throws {
        for text in ["a: hunter2\na: hunter2", "a: 'hunter2", "a: &hunter2 x", "a: !hunter2 x", "a: hunter2: x"] {
            let error = try #require(throws: YAMLError.self) { try YAMLNode.parse(Array(text.utf8)) }
            #expect(!"\(error)".contains("hunter2"))
        }
    }
}

extension YAMLNode {
    /// The node as one line, each value and key followed by its place; quoted scalars in quotes.
    fileprivate var outline: String {
        switch value {
        case .scalar(let scalar): "\(scalar.isPlain ? scalar.text : "'\(scalar.text)'")@\(mark)"
        case .sequence(let nodes): "[\(nodes.map(\.outline).joined(separator: ", "))]@\(mark)"
        case .mapping(let entries):
            "{\(entries.map { "\($0.key)@\($0.keyMark)=\($0.value.outline)" }.joined(separator: ", "))}@\(mark)"
        }
    }
}
