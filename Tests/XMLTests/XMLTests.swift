import Testing
import XML

/// A document as AWS STS answers it, cut down to what the parser has to get right.
private let answer = """
    <?xml version="1.0" encoding="UTF-8"?>
    <!-- a comment -->
    <Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/" xmlns:x="urn:other">
      <Result><Key>A&amp;B&#x2F;<![CDATA[<C>]]></Key><x:Key>other</x:Key><Empty/></Result>
      <?target data?>
    </Response>
    """

@Suite("Reading XML")
struct ReadingXML {
    @Test("a document becomes elements with local names, namespaces and decoded text")
    func tree() throws {
        let root = try XMLElement.parse(Array(answer.utf8))
        let aws = "https://sts.amazonaws.com/doc/2011-06-15/"
        #expect(root.name == "Response")
        #expect(root.namespace == aws)
        let result = try #require(root.child("Result"))
        #expect(
            result.children == [
                XMLElement("Key", namespace: aws, text: "A&B/<C>"),
                XMLElement("Key", namespace: "urn:other", text: "other"),
                XMLElement("Empty", namespace: aws),
            ]
        )
    }

    @Test("an element in no namespace says so")
    func noNamespace() throws {
        #expect(try XMLElement.parse(Array("<a>é</a>".utf8)) == XMLElement("a", text: "é"))
    }

    @Test("a name that is there twice is the only child of nobody")
    func repeatedChild() throws {
        let root = try XMLElement.parse(Array("<a><b>1</b><b>2</b><c><d>3</d></c></a>".utf8))
        #expect(root.child("b") == nil)
        #expect(root.child("nothing") == nil)
        #expect(root.descendant("c", "d")?.text == "3")
        #expect(root.descendant("b", "d") == nil)
    }

    @Test("a text that is longer than expat's own buffers arrives whole")
    func longText() throws {
        let text = String(repeating: "ü&lt;\n", count: 60_000)
        let root = try XMLElement.parse(Array("<a>\(text)</a>".utf8))
        #expect(root.text == String(repeating: "ü<\n", count: 60_000))
    }
}

@Suite("Refusing XML")
struct RefusingXML {
    @Test(
        "what is no well-formed XML is refused",
        arguments: [
            "", " ", "no XML", "<a>", "<a></b>", "<a/><b/>", "<a>&unknown;</a>", "<a b=1/>", "<a b='1' b='2'/>",
            "<x:a/>", "{\"json\": true}", "<a>\u{1}</a>", "<a>&#0;</a>", "<html><body>502<br></body></html>",
        ]
    )
    func malformed(_ document: String) {
        #expect(refusal(of: Array(document.utf8))?.code == .malformed)
    }

    @Test("bytes that are no UTF-8 are refused even where the document declares another encoding")
    func encoding() {
        let latin = Array("<?xml version='1.0' encoding='ISO-8859-1'?><a>".utf8) + [0xE9] + Array("</a>".utf8)
        #expect(refusal(of: latin)?.code == .malformed)
        #expect(refusal(of: [0xFF, 0xFE, 0x3C, 0x00, 0x61, 0x00, 0x2F, 0x00, 0x3E, 0x00])?.code == .malformed)
    }

    @Test(
        "a document type is refused before anything in it counts",
        arguments: [
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
            "<!DOCTYPE a [<!ENTITY x \"xxxxxxxxxx\"><!ENTITY y \"&x;&x;&x;&x;&x;\"><!ENTITY z \"&y;&y;&y;\">]><a>&z;</a>",
        ]
    )
    func documentType(_ document: String) {
        #expect(refusal(of: Array(document.utf8))?.code == .documentType)
    }

    @Test("a broken limit is named with its place")
    func limits() {
        let limits = XMLElement.Limits(bytes: 40, depth: 3, elements: 5)
        func refused(_ text: String) -> XMLError? { refusal(of: Array(text.utf8), limits: limits) }
        #expect(refused("<a><b><c>x</c></b></a>") == nil)
        #expect(
            refused("<a>\n <b><c><d/></c></b></a>")
                == XMLError(.tooDeep, line: 2, column: 8, reason: "elements more than 3 deep")
        )
        #expect(refused("<a><b/><b/><b/><b/></a>") == nil)
        #expect(refused("<a><b/><b/><b/><b/><b/></a>")?.code == .tooManyElements)
        #expect(refused("<a>" + String(repeating: " ", count: 33) + "</a>") == nil)
        #expect(refused("<a>" + String(repeating: " ", count: 34) + "</a>")?.code == .tooLarge)
    }

    @Test("an error tells line and column, and quotes nothing of the document")
    func place() throws {
        let error = try #require(refusal(of: Array("<a>\n  <secret>&oops;</secret></a>".utf8)))
        #expect(error.line == 2)
        #expect(error.column == 11)
        #expect(error.description == "XML line 2, column 11: undefined entity")
    }

    @Test("no beginning of a document is taken for the whole")
    func truncated() {
        let bytes = Array(answer.utf8)
        for length in 0..<bytes.count {
            #expect(refusal(of: Array(bytes.prefix(length))) != nil, "the first \(length) bytes")
        }
    }

    @Test("no changed byte makes the parser read beyond its limits or crash")
    func mutated() {
        let bytes = Array(answer.utf8)
        for index in bytes.indices {
            for flip: UInt8 in [0x01, 0x20, 0x80, 0xFF] {
                var changed = bytes
                changed[index] ^= flip
                guard let root = try? XMLElement.parse(changed) else { continue }
                #expect(characters(of: root) <= bytes.count)
            }
        }
    }

    private func refusal(of document: [UInt8], limits: XMLElement.Limits = XMLElement.Limits()) -> XMLError? {
        do throws(XMLError) {
            _ = try XMLElement.parse(document, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    private func characters(of element: XMLElement) -> Int {
        element.children.reduce(element.text.utf8.count) { $0 + characters(of: $1) }
    }
}
