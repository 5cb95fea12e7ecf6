import Fuzzing
import Testing

/// Every input of the corpus, tried against its property at each run of the tests.
@Suite("What a parser accepts it writes again as it was")
struct FuzzTests {
    @Test("the corpus breaks no property", arguments: try CorpusFile.all())
    func corpus(file: CorpusFile) throws {
        let property = try #require(
            Property.all.first { $0.name == file.property },
            "no property has this folder's name"
        )
        #expect(property.violation(file.input) == nil)
    }

    @Test("every property has a corpus to begin with", arguments: Property.all.map(\.name))
    func hasCorpus(name: String) throws {
        #expect(try CorpusFile.all().contains { $0.property == name })
    }
}
