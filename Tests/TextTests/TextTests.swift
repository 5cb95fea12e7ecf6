import Testing
import Text

@Suite("Texts")
struct TextTests {
    static let names = ["project", "project_id", "workflow", "job", "ref", "ref_type", "environment", "trust"]

    @Test(
        "a mistyped name finds the one that was meant",
        arguments: [
            ("projct", "project"), ("porject", "project"), ("projects", "project"), ("Project", "project"),
            ("work-flow", "workflow"), ("environmnet", "environment"), ("reftype", "ref_type"), ("rfe", "ref"),
        ]
    )
    func finds(word: String, meant: String) {
        #expect(NearMiss.name(nearestTo: word, among: Self.names) == meant)
    }

    @Test("a word that is near nothing has no suggestion", arguments: ["", "x", "branch", "zzzzzzzz", "üüü"])
    func findsNothing(word: String) {
        #expect(NearMiss.name(nearestTo: word, among: Self.names) == nil)
        #expect(NearMiss.question(word, among: Self.names).isEmpty)
    }

    @Test("a word too long to be a slip of the pen is not compared")
    func longWord() {
        let word = String(repeating: "a", count: 100_000)
        #expect(NearMiss.name(nearestTo: word, among: [word]) == nil)
    }

    @Test("the question is a clause that ends an error message")
    func question() {
        #expect(NearMiss.question("projct", among: Self.names) == "; did you mean 'project'?")
    }

    @Test(
        "characters that cannot be seen are found",
        arguments: [
            "\u{0}", "a\nb", "tab\t", "\u{7F}", "\u{85}", "\u{200E}", "\u{2028}", "a\u{202E}b", "\u{2066}", "\u{FEFF}",
            "a\u{200B}b", "\u{61C}", "\u{2060}", "\u{E0041}",
        ]
    )
    func invisible(text: String) {
        #expect(text.firstInvisibleScalar != nil)
    }

    @Test("what people write is visible", arguments: ["", "acme/web", "refs/heads/größe", "日本", "a b", "🚀", "שלום"])
    func isVisible(text: String) {
        #expect(text.firstInvisibleScalar == nil)
    }

    @Test(
        "an invisible character is written out, and a visible text stays",
        arguments: [
            ("a\nb\r\tc", #"a\nb\r\tc"#), ("\u{1B}[31m", #"\u{1b}[31m"#), ("x\u{202E}y", #"x\u{202e}y"#),
            ("größe", "größe"),
            ("", ""),
        ]
    )
    func madeVisible(text: String, visible: String) { #expect(text.madeVisible == visible) }

    @Test("a line of JSON shows what cannot be seen, and means the same")
    func madeVisibleInJSON() {
        #expect(#"{"a":"größe"}"#.madeVisibleInJSON == #"{"a":"größe"}"#)
        #expect("[\"\u{9B}2J\u{202E}\"]".madeVisibleInJSON == #"["\u009b2J\u202e"]"#)
        #expect("\u{E0041}".madeVisibleInJSON == #"\udb40\udc41"#)
    }

    @Test(
        "a plain name stands anywhere without an escape",
        arguments: [
            ("a", true), ("aws-prod", true), ("1.2_x", true), (String(repeating: "a", count: 64), true), ("", false),
            ("-a", false),
            (".a", false), ("a b", false), ("a/b", false), ("ä", false), ("a\n", false),
            (String(repeating: "a", count: 65), false),
        ]
    )
    func plainName(text: String, isPlain: Bool) {
        #expect(text.isPlainName == isPlain)
    }

    @Test("an invisible character is spoken of by its code point")
    func codePoint() {
        #expect("\u{0}".firstInvisibleScalar?.codePoint == "U+0000")
        #expect("\u{202E}".firstInvisibleScalar?.codePoint == "U+202E")
    }
}
