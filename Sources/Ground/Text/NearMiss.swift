/// Finds the known name that somebody who mistyped probably meant.
package enum NearMiss {
    /// The nearest of some known names, or nil where none is near: at most one edit in three letters, and three at most.
    ///
    /// Among equally near names the first wins. Of many names the first 256 are looked at: whoever asks for what is not
    /// there must not keep an event loop busy.
    package static func name(nearestTo word: String, among known: some Sequence<String>) -> String? {
        let letters = Array(word.lowercased().utf8)
        // A request can carry a long member name, and the distance costs the product of both lengths.
        guard (1...64).contains(letters.count) else { return nil }
        var best: (name: String, distance: Int)?
        for name in known.prefix(256) {
            let other = Array(name.lowercased().utf8)
            let allowed = min(3, max(1, max(letters.count, other.count) / 3))
            guard abs(letters.count - other.count) <= allowed else { continue }
            let distance = distance(letters, other)
            if distance <= allowed, distance < letters.count, distance < best?.distance ?? .max {
                best = (name, distance)
            }
        }
        return best?.name
    }

    /// A clause for an error message, such as `; did you mean 'workflow'?`, or nothing where no name is near.
    package static func question(_ word: String, among known: some Sequence<String>) -> String {
        name(nearestTo: word, among: known).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                let substituted = previous[column] + (letter == other ? 0 : 1)
                var least = min(substituted, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    least = min(least, beforePrevious[column - 1] + 1)
                }
                current.append(least)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
