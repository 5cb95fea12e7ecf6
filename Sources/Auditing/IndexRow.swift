internal import Encoding

/// A row of an index: for some values of one field, at which places of a segment they stand.
///
/// Its bytes are groups in ascending order of their hashes, each:
///
/// | bytes | meaning |
/// | --- | --- |
/// | 4 | the value's hash |
/// | 2 | how many places, less one |
/// | | the places, 2 bytes each; or one bit for each place of the segment, where that is shorter |
package struct IndexRow: Equatable, Sendable {
    package let key: Int64
    package let bytes: [UInt8]

    /// Makes a row as it is stored.
    package init(key: Int64, bytes: [UInt8]) {
        self.key = key
        self.bytes = bytes
    }

    /// Makes the rows of a segment out of its postings, in ascending order of their keys.
    static func rows(of segment: IndexSegment, _ postings: [Posting]) -> [IndexRow] {
        let sorted = postings.sorted()
        var rows: [IndexRow] = []
        var writer = LayoutWriter()
        var key: Int64?
        var start = 0
        while start < sorted.count {
            let (field, hash) = (sorted[start].field, sorted[start].hash)
            var places: [Int] = []
            while start < sorted.count, sorted[start].field == field, sorted[start].hash == hash {
                // A key that an entry has twice, such as an audience that is a claim too, is one.
                if places.last != sorted[start].place { places.append(sorted[start].place) }
                start += 1
            }
            let row = segment.row(field, hash)
            if let last = key, last != row {
                rows.append(IndexRow(key: last, bytes: writer.bytes))
                writer = LayoutWriter()
            }
            key = row
            write(hash, places, segment.span, to: &writer)
        }
        if let key { rows.append(IndexRow(key: key, bytes: writer.bytes)) }
        return rows
    }

    private static func write(_ hash: UInt32, _ places: [Int], _ span: UInt64, to writer: inout LayoutWriter) {
        writer.uint32(hash)
        writer.uint16(UInt16(places.count - 1))
        guard !isSparse(places.count, span) else {
            for place in places { writer.uint16(UInt16(place)) }
            return
        }
        var set = PlaceSet(span: span)
        for place in places { set.insert(place) }
        for word in set.words { writer.uint64(word) }
    }

    private static func isSparse(_ count: Int, _ span: UInt64) -> Bool { count * 16 <= Int(span) }

    /// The places of a value's hash; nil where the row is damaged.
    func places(of hash: UInt32, in segment: IndexSegment) -> PlaceSet? {
        var set = PlaceSet(span: segment.span)
        var isSound = true
        let isRead = visitGroups(segment.span) { group in
            guard group.hash == hash else { return }
            if group.isSparse {
                for place in places(group.range) {
                    if place < segment.span { set.insert(place) } else { isSound = false }
                }
            } else {
                set = PlaceSet(words: words(group.range))
            }
        }
        return isRead && isSound ? set : nil
    }

    /// The row's postings, shifted to their places in a longer segment; nil where the row is damaged.
    func postings(span: UInt64, shiftedBy shift: Int) -> [Posting]? {
        var postings: [Posting] = []
        let field = UInt64(bitPattern: key) >> 8 & 31
        let isRead = visitGroups(span) { group in
            let found = group.isSparse ? places(group.range) : PlaceSet(words: words(group.range)).places
            for place in found { postings.append(Posting(field: field, hash: group.hash, place: place + shift)) }
        }
        return isRead && postings.allSatisfy { $0.place < shift + Int(span) } ? postings : nil
    }

    private struct Group {
        let hash: UInt32
        let isSparse: Bool
        let range: Range<Int>
    }

    /// Visits every group; false where the bytes are no groups to their end.
    private func visitGroups(_ span: UInt64, _ take: (Group) -> Void) -> Bool {
        var offset = 0
        while offset < bytes.count {
            guard offset + 6 <= bytes.count else { return false }
            let hash = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
            let count = Int(bytes[offset + 4]) << 8 + Int(bytes[offset + 5]) + 1
            let isSparse = Self.isSparse(count, span)
            let start = offset + 6
            offset = start + (isSparse ? 2 * count : Int(span / 8))
            guard offset <= bytes.count else { return false }
            take(Group(hash: hash, isSparse: isSparse, range: start..<offset))
        }
        return true
    }

    private func places(_ range: Range<Int>) -> [Int] {
        stride(from: range.lowerBound, to: range.upperBound, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
    }

    private func words(_ range: Range<Int>) -> [UInt64] {
        stride(from: range.lowerBound, to: range.upperBound, by: 8).map { start in
            var word: UInt64 = 0
            for offset in start..<start + 8 { word = word << 8 | UInt64(bytes[offset]) }
            return word
        }
    }
}
