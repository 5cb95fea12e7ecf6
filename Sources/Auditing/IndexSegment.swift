/// A stretch of entries that is indexed as one: what is in it never changes.
///
/// Short stretches are indexed as soon as they are full; when enough of them lie behind each other, one long stretch takes
/// their place. So the newest entries are found soon, and the oldest by few look-ups.
struct IndexSegment: Hashable, Sendable {
    /// The entries of a stretch, by its level.
    static let spans: [UInt64] = [2_048, 65_536]

    let level: Int
    /// From 0 at the oldest entries.
    let number: UInt64

    var span: UInt64 { Self.spans[level] }
    var first: UInt64 { number * span }
    var end: UInt64 { first + span }

    /// The segment that holds an entry, where so many have been indexed.
    init(holding position: UInt64, of indexed: UInt64) {
        level = position < indexed - indexed % Self.spans[1] ? 1 : 0
        number = position / Self.spans[level]
    }

    init(level: Int, number: UInt64) {
        self.level = level
        self.number = number
    }

    /// Where the row lies that has a key's entries.
    ///
    /// | bits | meaning |
    /// | --- | --- |
    /// | 62 | level |
    /// | 13 to 61 | number |
    /// | 8 to 12 | field |
    /// | 0 to 7 | the hash's highest bits, 8 of them in a long stretch and 4 in a short one |
    func row(_ field: UInt64, _ hash: UInt32) -> Int64 {
        let bucket = UInt64(hash >> (level == 0 ? 28 : 24))
        return Int64(bitPattern: UInt64(level) << 62 | number << 13 | field << 8 | bucket)
    }

    /// Where all its rows lie.
    var rows: Range<Int64> {
        let start = Int64(bitPattern: UInt64(level) << 62 | number << 13)
        return start..<start + 1 << 13
    }
}

/// One key of one entry, in an order that makes those of a row neighbours: field, hash, then the entry's place.
struct Posting: Comparable, Hashable, Sendable {
    let packed: UInt64

    init(_ key: IndexKey, at place: Int) {
        packed = UInt64(key.field.rawValue) << 48 | UInt64(key.hash) << 16 | UInt64(place)
    }

    init(field: UInt64, hash: UInt32, place: Int) { packed = field << 48 | UInt64(hash) << 16 | UInt64(place) }

    /// The same key in a longer segment, in which this one's begins at a place.
    func shifted(by places: Int) -> Posting { Posting(field: field, hash: hash, place: place + places) }

    var field: UInt64 { packed >> 48 }
    var hash: UInt32 { UInt32(truncatingIfNeeded: packed >> 16) }
    var place: Int { Int(packed & 0xFFFF) }

    static func < (left: Posting, right: Posting) -> Bool { left.packed < right.packed }
}

/// Places in a segment, a bit for each.
struct PlaceSet: Equatable, Sendable {
    private(set) var words: [UInt64]

    init(span: UInt64) { words = Array(repeating: 0, count: Int(span / 64)) }

    init(words: [UInt64]) { self.words = words }

    /// The places in ascending order.
    var places: [Int] {
        var places: [Int] = []
        for (index, word) in words.enumerated() {
            var word = word
            while word != 0 {
                places.append(index << 6 + word.trailingZeroBitCount)
                word &= word - 1
            }
        }
        return places
    }

    mutating func insert(_ place: Int) { words[place >> 6] |= 1 << UInt64(place & 63) }

    mutating func formIntersection(_ other: PlaceSet) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    mutating func formUnion(_ other: PlaceSet) { for index in words.indices { words[index] |= other.words[index] } }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// The highest place below another; nil where there is none.
    func last(below place: Int) -> Int? {
        guard place > 0 else { return nil }
        var index = (place - 1) >> 6
        let bits = place - index << 6
        var word = bits == 64 ? words[index] : words[index] & (1 << UInt64(bits) - 1)
        while word == 0 {
            guard index > 0 else { return nil }
            index -= 1
            word = words[index]
        }
        return index << 6 + 63 - word.leadingZeroBitCount
    }
}
