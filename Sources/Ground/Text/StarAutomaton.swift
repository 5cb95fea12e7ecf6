/// The automaton of a pattern with several stars: state `n` means that the first `n` tokens have matched.
///
/// All states that are alive are one bit set, moved by one shift for each byte of the value (the Shift-And method), so a
/// match costs a word operation for each byte and each 64 tokens. Two stars never stand side by side.
struct StarAutomaton: Hashable, Sendable {
    /// One step of a pattern.
    enum Token: Hashable, Sendable {
        case byte(UInt8)
        /// Any run of bytes but `/`.
        case star
        /// Any run of bytes.
        case doubleStar

        var literal: UInt8? {
            if case .byte(let byte) = self { byte } else { nil }
        }

        /// Whether it may stand for a byte.
        func takes(_ byte: UInt8) -> Bool {
            switch self {
            case .byte(let own): own == byte
            case .star: byte != UInt8(ascii: "/")
            case .doubleStar: true
            }
        }
    }

    private let words: Int
    /// For each byte, which row of `rows` says where it moves on; row 0 is for bytes that the pattern does not hold.
    private let rowOfByte: [UInt8]
    /// Rows of `words` words: bit `n` is set where token `n` is that literal byte.
    private let rows: [UInt64]
    private let singleStars: [UInt64]
    private let doubleStars: [UInt64]
    private let final: Int

    init(_ tokens: [Token]) {
        // One state more than tokens: the last says that all have matched.
        let words = tokens.count / 64 + 1
        var rowOfByte = [UInt8](repeating: 0, count: 256)
        var rows = [UInt64](repeating: 0, count: words)
        var singleStars = [UInt64](repeating: 0, count: words)
        var doubleStars = [UInt64](repeating: 0, count: words)
        // UTF-8 never holds 0xFF, so at most 255 bytes need a row and its number fits.
        var rowCount: UInt8 = 1
        for (state, token) in tokens.enumerated() {
            let bit = UInt64(1) << UInt64(state % 64)
            switch token {
            case .star: singleStars[state / 64] |= bit
            case .doubleStar: doubleStars[state / 64] |= bit
            case .byte(let byte):
                if rowOfByte[Int(byte)] == 0 {
                    rowOfByte[Int(byte)] = rowCount
                    rowCount += 1
                    rows.append(contentsOf: repeatElement(0, count: words))
                }
                rows[Int(rowOfByte[Int(byte)]) * words + state / 64] |= bit
            }
        }
        self.words = words
        self.rowOfByte = rowOfByte
        self.rows = rows
        self.singleStars = singleStars
        self.doubleStars = doubleStars
        final = tokens.count
    }

    func accepts(_ value: Span<UInt8>) -> Bool {
        var alive = [UInt64](repeating: 0, count: words)
        alive[0] = 1
        skipStars(&alive)
        for index in value.indices {
            guard step(&alive, over: value[index]) else { return false }
        }
        return alive[final / 64] >> UInt64(final % 64) & 1 == 1
    }

    /// Moves every state over one byte; false where none is left.
    private func step(_ alive: inout [UInt64], over byte: UInt8) -> Bool {
        let row = Int(rowOfByte[Int(byte)]) * words
        let isSlash = byte == UInt8(ascii: "/")
        var carry: UInt64 = 0
        var any: UInt64 = 0
        for word in 0..<words {
            let moved = alive[word] & rows[row + word]
            let stayed = alive[word] & (isSlash ? doubleStars[word] : singleStars[word] | doubleStars[word])
            alive[word] = moved << 1 | carry | stayed
            carry = moved >> 63
            any |= alive[word]
        }
        guard any != 0 else { return false }
        skipStars(&alive)
        return true
    }

    /// Adds the states behind stars, since a star may stand for nothing.
    private func skipStars(_ alive: inout [UInt64]) {
        var carry: UInt64 = 0
        for word in 0..<words {
            let atStar = alive[word] & (singleStars[word] | doubleStars[word])
            alive[word] |= atStar << 1 | carry
            carry = atStar >> 63
        }
    }
}
