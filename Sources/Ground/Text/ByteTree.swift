/// The sequences of a `ByteMatcher` as a tree whose nodes are numbered by their distance from the root, with the fall-back of
/// each: the node of its longest proper suffix that is in the tree.
struct ByteTree: Sendable {
    /// By which class of bytes each node is reached from its parent.
    let labels: [UInt16]
    /// The length of the longest end of what leads to each node that a further byte may make into more of a sequence.
    let openings: [Int32]
    /// The most steps that a node is from the root.
    let height: Int
    let fallbacks: [Int32]
    /// The length of the longest sequence that ends at each node; 0 where none does.
    let lengths: [Int32]
    /// The first child of each node; its last stands before the first one of the next node.
    private let firstChildren: [Int32]

    /// How many nodes there are, the root among them.
    var count: Int { labels.count }

    init(_ sequences: [[UInt16]]) {
        let sorted = sequences.filter { !$0.isEmpty }.sorted { $0.lexicographicallyPrecedes($1) }
        var labels: [UInt16] = [0]
        var depths: [Int32] = [0]
        var parents: [Int32] = [0]
        var ends: [Bool] = [false]
        var firstChildren: [Int32] = []
        // Level by level: the sequences are sorted, so those that share a node stand side by side. Each range is of one node.
        var level = [0..<sorted.count]
        while !level.isEmpty {
            var next: [Range<Int>] = []
            let firstOfLevel = labels.count - level.count
            for (offset, range) in level.enumerated() {
                let node = firstOfLevel + offset
                let depth = Int(depths[node])
                firstChildren.append(Int32(labels.count))
                var index = range.lowerBound
                while index < range.upperBound {
                    guard sorted[index].count > depth else {
                        // Those that end here come first among those that pass through.
                        ends[node] = true
                        index += 1
                        continue
                    }
                    let label = sorted[index][depth]
                    let begin = index
                    while index < range.upperBound, sorted[index][depth] == label { index += 1 }
                    labels.append(label)
                    depths.append(Int32(depth + 1))
                    parents.append(Int32(node))
                    ends.append(false)
                    next.append(begin..<index)
                }
            }
            level = next
        }
        firstChildren.append(Int32(labels.count))
        self.labels = labels
        self.firstChildren = firstChildren
        height = Int(depths.last ?? 0)
        fallbacks = Self.fallbacks(labels, parents, depths, firstChildren)
        var lengths = [Int32](repeating: 0, count: labels.count)
        var openings = lengths
        // The node to fall back to is nearer to the root, so it has had its turn.
        for node in labels.indices.dropFirst() {
            let fallback = Int(fallbacks[node])
            lengths[node] = ends[node] ? depths[node] : lengths[fallback]
            openings[node] = firstChildren[node] < firstChildren[node + 1] ? depths[node] : openings[fallback]
        }
        self.lengths = lengths
        self.openings = openings
    }

    private static func fallbacks(
        _ labels: [UInt16],
        _ parents: [Int32],
        _ depths: [Int32],
        _ firstChildren: [Int32]
    ) -> [Int32] {
        var fallbacks = [Int32](repeating: 0, count: labels.count)
        for node in labels.indices where depths[node] > 1 {
            var suffix = Int(fallbacks[Int(parents[node])])
            while true {
                let children = Int(firstChildren[suffix])..<Int(firstChildren[suffix + 1])
                if let child = children.first(where: { labels[$0] == labels[node] }) {
                    fallbacks[node] = Int32(child)
                    break
                }
                if suffix == 0 { break }
                suffix = Int(fallbacks[suffix])
            }
        }
        return fallbacks
    }

    /// The nodes one step further.
    func children(of node: Int) -> Range<Int> { Int(firstChildren[node])..<Int(firstChildren[node + 1]) }
}
