/// Finds every occurrence of many byte sequences in a stream, in one pass whose time does not depend on how many there are
/// (Aho and Corasick, 1975).
///
/// The bytes it is told to pass over stand for nothing, wherever they are: with line breaks passed over, a text is found
/// however it was broken into lines. States near the start, where ordinary text stays, have a row for each byte; the long
/// tails of the sequences have only their next byte and where to fall back to, so that memory grows with the bytes alone.
package struct ByteMatcher: Sendable {
    /// Where a stream stands between two calls.
    package struct State: Equatable, Sendable {
        /// The number of the automaton's state, times the width of a row.
        fileprivate var row: Int32 = 0

        /// Makes the state in which nothing has been read.
        package init() {}
    }

    /// The end of an occurrence.
    package struct Match: Equatable, Sendable {
        /// The index behind its last byte.
        package let end: Int
        /// How many bytes of the longest sequence that ends here, those passed over not counted.
        package let length: Int

        /// Makes a match.
        package init(end: Int, length: Int) {
            self.end = end
            self.length = length
        }
    }

    /// The most bytes of one sequence.
    package let longest: Int

    /// The class of each byte: 0 for one that no sequence has, 1 for one that is passed over.
    private let classes: [UInt16]
    /// A row is 2 to this power wide.
    private let shift: Int32
    /// The next state for every dense state and class, with `found` where an occurrence ends there.
    private let rows: [Int32]
    /// The first state, times the width, that has no row.
    private let firstSparse: Int32
    private let tree: ByteTree

    private static let found: Int32 = 1 << 30
    /// How many cells rows may take: 2 MiB, which stay in a processor's cache.
    private static let cells = 1 << 19

    /// Makes a matcher of sequences; empty ones, and those of bytes that are passed over alone, are left out.
    ///
    /// - Throws: `TextError` with code `tooManyBytes` where they have more than `limit` bytes in all.
    package init(_ sequences: [[UInt8]], passingOver skipped: [UInt8], limit: Int = 1 << 21) throws(TextError) {
        var classes = [UInt16](repeating: 0, count: 256)
        for byte in skipped { classes[Int(byte)] = 1 }
        var count: UInt16 = 2
        var total = 0
        for sequence in sequences {
            total += sequence.count
            for byte in sequence where classes[Int(byte)] == 0 {
                classes[Int(byte)] = count
                count += 1
            }
        }
        var shift: Int32 = 2
        while 1 << shift < Int32(count) { shift += 1 }
        // The numbers of states times the width of a row have to stay below `found`.
        let most = min(limit, Int(Self.found >> shift) - 1)
        guard total <= most else {
            throw TextError(
                code: .tooManyBytes,
                reason: "there are \(total) bytes to look for",
                fix: "look for at most \(most)"
            )
        }
        let tree = ByteTree(sequences.map { $0.compactMap { classes[Int($0)] == 1 ? nil : classes[Int($0)] } })
        let dense = min(tree.count, Self.cells >> Int(shift))
        var rows = [Int32](repeating: 0, count: dense << Int(shift))
        for state in 0..<dense {
            let row = state << Int(shift)
            // The state to fall back to is nearer to the start, so its row is there.
            let fallback = Int(tree.fallbacks[state]) << Int(shift)
            if state > 0 { for index in 0..<(1 << Int(shift)) { rows[row + index] = rows[fallback + index] } }
            rows[row] = 0
            rows[row + 1] = Int32(row)
            for child in tree.children(of: state) {
                rows[row + Int(tree.labels[child])] =
                    Int32(child) << shift | (tree.lengths[child] > 0 ? Self.found : 0)
            }
        }
        self.classes = classes
        self.shift = shift
        self.rows = rows
        self.tree = tree
        firstSparse = Int32(dense) << shift
        longest = tree.height
    }

    /// Reads on to the end of the next occurrence; nil where the bytes end before one.
    ///
    /// After a match, call again from its end.
    package func next(in bytes: [UInt8], from start: Int, _ state: inout State) -> Match? {
        let classes = classes
        let rows = rows
        var current = state.row
        var index = start
        while index < bytes.count {
            let label = classes[Int(bytes[index])]
            let entry = current < firstSparse ? rows[Int(current) + Int(label)] : step(current, label)
            index += 1
            if entry >= Self.found {
                state.row = entry - Self.found
                return Match(end: index, length: Int(tree.lengths[Int(state.row >> shift)]))
            }
            current = entry
        }
        state.row = current
        return nil
    }

    /// How many of the last bytes, those passed over not counted, may become a sequence, or a longer one, by what follows.
    package func pending(in state: State) -> Int { Int(tree.openings[Int(state.row >> shift)]) }

    /// Whether a byte is passed over.
    package func passesOver(_ byte: UInt8) -> Bool { classes[Int(byte)] == 1 }

    private func step(_ row: Int32, _ label: UInt16) -> Int32 {
        if label < 2 { return label == 0 ? 0 : row }
        var current = row
        while current >= firstSparse {
            let state = Int(current >> shift)
            for child in tree.children(of: state) where tree.labels[child] == label {
                return Int32(child) << shift | (tree.lengths[child] > 0 ? Self.found : 0)
            }
            current = tree.fallbacks[state] << shift
        }
        return rows[Int(current) + Int(label)]
    }
}
