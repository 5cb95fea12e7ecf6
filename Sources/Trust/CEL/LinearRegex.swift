/// A regular expression of RE2, as far as conditions on claims use it: no pattern backtracks, and what is not read makes none.
///
/// Literals, `.`, classes, `\d \w \s` and their opposites, groups, `|`, `*`, `+`, `?`, counts up to 64, `^` and `$`.
struct LinearRegex: Sendable {
    /// What a step takes.
    enum Step: Sendable {
        case scalar(RegexClass)
        case start
        case end
        /// Goes on at either.
        case split(Int, Int)
        case jump(Int)
        case done
    }

    private let steps: [Step]
    /// A text that it matches.
    let sample: String
    /// Whether it can match nothing but the text as a whole.
    let isAnchoredAtStart: Bool
    let isAnchoredAtEnd: Bool

    private static let maximumSteps = 2_000
    private static let maximumText = 16_384

    init?(_ pattern: String) {
        guard let tree = RegexTree.parse(pattern) else { return nil }
        var steps: [Step] = []
        guard Self.append(tree, to: &steps) else { return nil }
        steps.append(.done)
        self.steps = steps
        sample = tree.sample
        isAnchoredAtStart = tree.begins
        isAnchoredAtEnd = tree.ends
    }

    private static func append(_ tree: RegexTree, to steps: inout [Step]) -> Bool {
        guard steps.count < maximumSteps else { return false }
        switch tree {
        case .scalar(let set): steps.append(.scalar(set))
        case .start: steps.append(.start)
        case .end: steps.append(.end)
        case .sequence(let parts):
            for part in parts where !append(part, to: &steps) { return false }
        case .either(let left, let right):
            let split = steps.count
            steps.append(.split(split + 1, 0))
            guard append(left, to: &steps) else { return false }
            let jump = steps.count
            steps.append(.jump(0))
            steps[split] = .split(split + 1, steps.count)
            guard append(right, to: &steps) else { return false }
            steps[jump] = .jump(steps.count)
        case .repeated(let part, let least, let most):
            for _ in 0..<least where !append(part, to: &steps) { return false }
            guard let most else {
                let split = steps.count
                steps.append(.split(split + 1, 0))
                guard append(part, to: &steps) else { return false }
                steps.append(.jump(split))
                steps[split] = .split(split + 1, steps.count)
                return true
            }
            var splits: [Int] = []
            for _ in least..<max(most, least) {
                splits.append(steps.count)
                steps.append(.split(steps.count + 1, 0))
                guard append(part, to: &steps) else { return false }
            }
            for split in splits { steps[split] = .split(split + 1, steps.count) }
        }
        return steps.count < maximumSteps
    }

    /// Whether the pattern matches anywhere in a text; nil where the text is too long.
    func isFound(in text: String) -> Bool? {
        let scalars = Array(text.unicodeScalars)
        guard scalars.count <= Self.maximumText else { return nil }
        var alive: Set<Int> = []
        for place in 0...scalars.count {
            // A match may begin at every place.
            follow(0, into: &alive, isAtStart: place == 0, isAtEnd: place == scalars.count)
            if alive.contains(steps.count - 1) { return true }
            guard place < scalars.count else { return false }
            var next: Set<Int> = []
            for step in alive {
                guard case .scalar(let set) = steps[step], set.contains(scalars[place]) else { continue }
                follow(step + 1, into: &next, isAtStart: false, isAtEnd: place + 1 == scalars.count)
            }
            alive = next
        }
        return false
    }

    private func follow(_ first: Int, into alive: inout Set<Int>, isAtStart: Bool, isAtEnd: Bool) {
        var pending = [first]
        var seen: Set<Int> = []
        while let step = pending.popLast() {
            guard seen.insert(step).inserted else { continue }
            switch steps[step] {
            case .scalar, .done: alive.insert(step)
            case .start: if isAtStart { pending.append(step + 1) }
            case .end: if isAtEnd { pending.append(step + 1) }
            case .split(let left, let right): pending += [left, right]
            case .jump(let target): pending.append(target)
            }
        }
    }
}

/// A set of characters.
struct RegexClass: Sendable {
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar) } != isNegated }

    /// One of its characters.
    var sample: Unicode.Scalar {
        if !isNegated, let first = ranges.first { return first.lowerBound }
        return ["x", "1", "-", "/", ":", " "].first { contains($0) } ?? "x"
    }

    static func of(_ letter: Unicode.Scalar) -> RegexClass? {
        let set: RegexClass
        switch letter {
        case "d", "D": set = RegexClass(ranges: ["0"..."9"])
        case "w", "W": set = RegexClass(ranges: ["a"..."z", "A"..."Z", "0"..."9", "_"..."_"])
        case "s", "S": set = RegexClass(ranges: [" "..." ", "\t"..."\n", "\u{0C}"..."\r"])
        default: return nil
        }
        return RegexClass(ranges: set.ranges, isNegated: letter.properties.isUppercase)
    }
}
