internal import Encoding

/// The path of a tile or of a bundle of entries below `tile/` (C2SP tlog-tiles): `0/x001/x234/067.p/5`, `entries/000`.
package struct TilePath: Equatable, Sendable {
    /// What is there.
    package enum Content: Equatable, Sendable {
        /// Hashes of a level.
        case hashes(level: Int)
        /// Entries themselves.
        case entries
    }

    package let content: Content
    /// From 0 at the left.
    package let number: UInt64
    /// Hashes or entries, 1 to 256.
    package let width: Int

    /// Makes a path.
    package init(_ content: Content, number: UInt64, width: Int = TileAddress.width) {
        self.content = content
        self.number = number
        self.width = width
    }

    /// The tile of hashes, or of leaves for a bundle, whose width says whether it is there yet.
    package var address: TileAddress {
        switch content {
        case .hashes(let level): TileAddress(level: level, number: number)
        case .entries: TileAddress(level: 0, number: number)
        }
    }

    /// Reads a path's segments in their one spelling; nil where they are none.
    package init?(segments: [String]) {
        var rest = segments[...]
        guard let first = rest.popFirst() else { return nil }
        if first == "entries" {
            content = .entries
        } else {
            guard let level = Int(first), String(level) == first, (0..<TileAddress.levels).contains(level) else {
                return nil
            }
            content = .hashes(level: level)
        }
        var width = TileAddress.width
        if rest.count >= 2, rest[rest.endIndex - 2].hasSuffix(".p") {
            guard let partial = Int(rest[rest.endIndex - 1]), (1..<TileAddress.width).contains(partial) else {
                return nil
            }
            width = partial
            rest.removeLast()
            rest[rest.endIndex - 1].removeLast(2)
        }
        var number: UInt64 = 0
        guard (1...6).contains(rest.count) else { return nil }
        for segment in rest {
            let digits = segment.hasPrefix("x") ? segment.dropFirst() : segment[...]
            guard digits.count == 3, let group = UInt64(digits), digits.allSatisfy({ $0.isASCII && $0.isNumber }) else {
                return nil
            }
            number = number * 1_000 + group
        }
        self.number = number
        self.width = width
        guard self.segments == segments else { return nil }
    }

    /// The path's segments.
    package var segments: [String] {
        var groups: [String] = []
        var rest = number
        repeat {
            let digits = String(rest % 1_000)
            groups.append((groups.isEmpty ? "" : "x") + String(repeating: "0", count: 3 - digits.count) + digits)
            rest /= 1_000
        } while rest > 0
        groups.reverse()
        if width < TileAddress.width {
            groups[groups.count - 1] += ".p"
            groups.append(String(width))
        }
        switch content {
        case .hashes(let level): return [String(level)] + groups
        case .entries: return ["entries"] + groups
        }
    }
}

/// A bundle of neighbouring entries as it is served (C2SP tlog-tiles): each behind its length in two bytes.
package enum EntryBundle {
    /// The bytes of a bundle.
    package static func bytes(_ entries: [StoredEntry]) -> [UInt8] {
        var writer = LayoutWriter(reserving: entries.reduce(0) { $0 + $1.bytes.count + 2 })
        for entry in entries {
            writer.uint16(UInt16(clamping: entry.bytes.count))
            writer.fixed(entry.bytes)
        }
        return writer.bytes
    }

    /// The entries of a bundle, the first of which has this index; nil where the bytes are no bundle.
    package static func entries(_ bytes: [UInt8], from first: UInt64) -> [StoredEntry]? {
        var reader = LayoutReader(bytes)
        var entries: [StoredEntry] = []
        while reader.offset < bytes.count {
            guard let entry = try? reader.prefixed16() else { return nil }
            entries.append(StoredEntry(index: first + UInt64(entries.count), bytes: entry))
        }
        return entries
    }
}
