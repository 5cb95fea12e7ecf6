import Ledger
import POSIX
import Testing

@Suite("The page's own list of kinds")
struct PageNamesTests {
    @Test("is that of the entries' canonical bytes, in their order")
    func kinds() throws {
        let checkout = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let program = try Files.readText("\(checkout)/Sources/Page/Files/proof.js")
        let list = try #require(program.firstRange(of: "export const kinds = ["))
        let text = program[list.upperBound...].prefix { $0 != "]" }
        let names = text.split(separator: "\"").filter { $0.contains(".") }.map { String($0) }
        #expect(names == EntryKind.allCases.sorted { $0.code < $1.code }.map(\.rawValue))
    }
}
