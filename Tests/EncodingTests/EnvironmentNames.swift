import Encoding
import Testing

@Suite("Names of environment variables")
struct EnvironmentNames {
    @Test("a name that every shell can export is taken", arguments: ["A", "_", "a1", "AWS_ACCESS_KEY_ID", "_9"])
    func taken(_ text: String) {
        #expect(EnvironmentName(text)?.text == text)
    }

    @Test("any other is not", arguments: ["", "1A", "A-B", "A B", "A=B", "Ä", "A\u{0}", "A.B", "$A"])
    func refused(_ text: String) {
        #expect(EnvironmentName(text) == nil)
    }

    @Test("128 bytes is the limit")
    func limit() {
        #expect(EnvironmentName(String(repeating: "A", count: 128)) != nil)
        #expect(EnvironmentName(String(repeating: "A", count: 129)) == nil)
    }

    @Test("they sort by their bytes")
    func order() {
        let names = ["b", "B", "_", "A1", "A"].compactMap { EnvironmentName($0) }
        #expect(names.sorted().map(\.text) == ["A", "A1", "B", "_", "b"])
    }
}
