import Testing
import Text

@Suite("Finding many byte sequences at once")
struct ByteMatcherTests {
    /// Every end of an occurrence with the longest that ends there, found one by one in the bytes without those passed over.
    private func naive(_ sequences: [[UInt8]], in bytes: [UInt8], passingOver skipped: [UInt8]) -> [ByteMatcher.Match] {
        let places = bytes.indices.filter { !skipped.contains(bytes[$0]) }
        let plain = places.map { bytes[$0] }
        let sought = sequences.map { $0.filter { !skipped.contains($0) } }.filter { !$0.isEmpty }
        return plain.indices.compactMap { last in
            let lengths = sought.filter { sequence in
                sequence.count <= last + 1 && plain[last] == sequence.last
                    && plain[(last + 1 - sequence.count)...last].elementsEqual(sequence)
            }.map(\.count)
            return lengths.max().map { ByteMatcher.Match(end: places[last] + 1, length: $0) }
        }
    }

    private func all(_ matcher: ByteMatcher, in bytes: [UInt8]) -> [ByteMatcher.Match] {
        var state = ByteMatcher.State()
        var found: [ByteMatcher.Match] = []
        var index = 0
        while let match = matcher.next(in: bytes, from: index, &state) {
            found.append(match)
            index = match.end
        }
        return found
    }

    @Test("what is found is what a search one by one finds, in texts of few letters, which overlap in every way")
    func agrees() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<400 {
            let letters = Array("abc".utf8.prefix(Int.random(in: 1...3, using: &generator)))
            func text(_ lengths: ClosedRange<Int>) -> [UInt8] {
                (0..<Int.random(in: lengths, using: &generator)).map { _ in
                    // A line break here and there.
                    Int.random(in: 0..<9, using: &generator) == 0
                        ? UInt8(ascii: "\n") : letters.randomElement(using: &generator) ?? 0
                }
            }
            let sequences = (0..<Int.random(in: 0...8, using: &generator)).map { _ in text(0...6) }
            let bytes = text(0...60)
            let skipped = Array("\n".utf8)
            let matcher = try ByteMatcher(sequences, passingOver: skipped)
            #expect(all(matcher, in: bytes) == naive(sequences, in: bytes, passingOver: skipped))
        }
    }

    @Test("long sequences, most of whose states have no row, are found as well")
    func sparse() throws {
        var generator = SystemRandomNumberGenerator()
        // All 256 bytes, so that rows are as wide as they get and run out soon.
        let sequences = (0..<12).map { _ in (0..<200).map { _ in UInt8.random(in: 0...255, using: &generator) } }
        let matcher = try ByteMatcher(sequences, passingOver: [])
        #expect(matcher.longest == 200)
        var bytes: [UInt8] = []
        for sequence in sequences.shuffled(using: &generator) {
            // A beginning that leads deep into the tree, and then the whole.
            bytes += sequences[0].prefix(Int.random(in: 0..<200, using: &generator)) + sequence
        }
        let found = all(matcher, in: bytes)
        #expect(found == naive(sequences, in: bytes, passingOver: []))
        #expect(found.count >= 12)
    }

    @Test("only what may become more of a sequence is pending")
    func pending() throws {
        let matcher = try ByteMatcher(["abcd", "abc", "xab"].map { Array($0.utf8) }, passingOver: Array("\n".utf8))
        func pending(_ text: String) -> Int {
            var state = ByteMatcher.State()
            let bytes = Array(text.utf8)
            var index = 0
            while let match = matcher.next(in: bytes, from: index, &state) { index = match.end }
            return matcher.pending(in: state)
        }
        #expect(pending("") == 0)
        #expect(pending("zzz") == 0)
        #expect(pending("zza\n\n") == 1)
        #expect(pending("xab") == 2, "what is complete ends in the beginning of another")
        #expect(pending("abc") == 3, "a longer one may follow")
        #expect(pending("abcd") == 0)
    }

    @Test("more bytes than the limit are refused, and nothing to look for is found nowhere")
    func limits() throws {
        #expect(throws: TextError.self) { try ByteMatcher([[1, 2, 3], [4, 5]], passingOver: [], limit: 4) }
        let none = try ByteMatcher([[], [10]], passingOver: [10])
        #expect(all(none, in: [1, 10, 2]).isEmpty)
        #expect(none.longest == 0)
    }
}
