internal import Text

/// One output of a child on its way, with every occurrence of a secret replaced, however the bytes come.
///
/// Bytes are kept back only while they may be the beginning of a secret. The longest beginning of one that ends the bytes so
/// far is all that can still become part of one, so everything before it may go.
package struct MaskedStream: Sendable {
    /// A stretch of kept bytes that belongs to secrets.
    private struct Stretch {
        var range: Range<Int>
        /// Whether its replacement is out already.
        var isShown = false
    }

    /// A beginning of fewer bytes tells so little of a secret that it may be shown after a pause.
    private static let telling = 8

    private var mask: Mask
    private var state = ByteMatcher.State()
    private var kept: [UInt8] = []
    private var stretches: [Stretch] = []
    /// Whether the last that went out was a replacement which a secret that began before `kept` would have again.
    private var endsInReplacement = false

    /// Makes a stream at its beginning.
    package init(_ mask: Mask) { self.mask = mask }

    /// How long to wait for more, in milliseconds, before `release` is called; nil while nothing is kept back.
    ///
    /// A prompt must appear; what is likely to be half a secret can wait for its other half.
    package var patience: Int32? {
        guard !kept.isEmpty else { return nil }
        return mask.matcher.pending(in: state) < Self.telling ? 50 : 500
    }

    /// Takes the child's next bytes and returns those that may be shown.
    package mutating func take(_ bytes: [UInt8]) -> [UInt8] {
        let before = kept.count
        let all = kept.isEmpty ? bytes : kept + bytes
        scan(all, from: before)
        var free = start(of: mask.matcher.pending(in: state), before: all.count, in: all)
        if all.count - free > 2 * mask.matcher.longest + 256 {
            // Nothing but line breaks can make so much of a beginning; it is none.
            state = ByteMatcher.State()
            free = all.count
        }
        return show(all, upTo: free)
    }

    /// Lets go of what was kept back, since nothing followed it for a while.
    ///
    /// A short beginning of a secret is shown; a long one is replaced, as the rest of the secret may be in the child's own
    /// buffer still. Either way the secret's other bytes will not be shown if it becomes one.
    package mutating func release() -> [UInt8] {
        guard !kept.isEmpty else { return [] }
        let all = kept
        if mask.matcher.pending(in: state) >= Self.telling {
            // The line break behind it is none of the secret's, unless more of it follows.
            let end = all.lastIndex { !mask.matcher.passesOver($0) }
            cover(0..<((end ?? -1) + 1))
        }
        return show(all, upTo: all.count)
    }

    /// Returns what was kept back at the end of the stream, where nothing can become a secret any more.
    package mutating func finish() -> [UInt8] {
        state = ByteMatcher.State()
        return show(kept, upTo: kept.count)
    }

    /// Looks for other secrets from here on; what is kept back is looked through again.
    package mutating func adopt(_ mask: Mask) {
        self.mask = mask
        state = ByteMatcher.State()
        scan(kept, from: 0)
    }

    private mutating func scan(_ all: [UInt8], from start: Int) {
        var index = start
        while let match = mask.matcher.next(in: all, from: index, &state) {
            cover(self.start(of: match.length, before: match.end, in: all)..<match.end)
            index = match.end
        }
    }

    /// Where a run of so many bytes begins that ends at an index; those passed over between them do not count.
    private func start(of length: Int, before end: Int, in all: [UInt8]) -> Int {
        var rest = length
        var index = end
        while rest > 0, index > 0 {
            index -= 1
            if !mask.matcher.passesOver(all[index]) { rest -= 1 }
        }
        return index
    }

    private mutating func cover(_ range: Range<Int>) {
        // What reaches back before the kept bytes had its replacement when they were let go.
        var stretch = Stretch(range: range, isShown: range.lowerBound == 0 && endsInReplacement)
        while let last = stretches.last, last.range.upperBound >= stretch.range.lowerBound {
            let lower = min(last.range.lowerBound, stretch.range.lowerBound)
            stretch.range = lower..<max(stretch.range.upperBound, last.range.upperBound)
            stretch.isShown = stretch.isShown || last.isShown
            stretches.removeLast()
        }
        stretches.append(stretch)
    }

    /// The bytes up to an index with their replacements; the rest is kept.
    private mutating func show(_ all: [UInt8], upTo free: Int) -> [UInt8] {
        if stretches.isEmpty, free == all.count {
            kept = []
            if !all.isEmpty { endsInReplacement = false }
            return all
        }
        var shown: [UInt8] = []
        shown.reserveCapacity(free)
        var position = 0
        var left: [Stretch] = []
        for var stretch in stretches {
            if stretch.range.lowerBound < free {
                if stretch.range.lowerBound > position {
                    shown += all[position..<stretch.range.lowerBound]
                    endsInReplacement = false
                }
                if !stretch.isShown { shown += Mask.replacement }
                stretch.isShown = true
                endsInReplacement = true
                position = min(stretch.range.upperBound, free)
            }
            if stretch.range.upperBound > free {
                stretch.range = max(0, stretch.range.lowerBound - free)..<(stretch.range.upperBound - free)
                left.append(stretch)
            }
        }
        if position < free {
            shown += all[position..<free]
            endsInReplacement = false
        }
        stretches = left
        kept = Array(all[free...])
        return shown
    }
}
