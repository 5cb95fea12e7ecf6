internal import JSON

/// What an expression looks at, traced back to claims: through an attribute mapping, `extract`, and joined texts.
struct CELHorizon {
    /// The variable that stands for the token.
    let root: String
    /// What attributes are made of.
    var mapping: [String: CELExpression] = [:]

    /// What a claim must be for an expression to have a value; nil where that cannot be traced.
    func stipulation(_ expression: CELExpression, _ value: JSON) -> Stipulation? {
        if let path = expression.path {
            if path[0] == root, path.count > 1 { return Stipulation(ClaimPath(names: Array(path.dropFirst())), value) }
            guard let made = mapping[path.joined(separator: ".")] else { return nil }
            return stipulation(made, value)
        }
        switch expression.form {
        case .call(let target?, "extract", let arguments):
            guard let text = value.asString, let template = arguments.first?.literal.flatMap({ CELExtraction($0) })
            else { return nil }
            return stipulation(target, .string(template.filled(text)))
        case .call(let target?, "lowerAscii", _), .call(let target?, "upperAscii", _): return stipulation(target, value)
        case .call(nil, "string", let arguments): return arguments.first.flatMap { stipulation($0, value) }
        case .binary("+", let left, let right):
            guard let text = value.asString else { return nil }
            if let prefix = left.literal, text.hasPrefix(prefix) {
                return stipulation(right, .string(String(text.dropFirst(prefix.count))))
            }
            if let suffix = right.literal, text.hasSuffix(suffix) {
                return stipulation(left, .string(String(text.dropLast(suffix.count))))
            }
            return nil
        case .conditional(_, let left, let right): return stipulation(left, value) ?? stipulation(right, value)
        default: return nil
        }
    }

    /// Adds what an expression looks at, with the values that it compares with.
    func add(_ expression: CELExpression, to horizon: inout Horizon) {
        for path in expression.paths where path[0] == root && path.count > 1 {
            horizon.add(ClaimPath(names: Array(path.dropFirst())))
        }
        for part in expression.all {
            for (side, value) in comparisons(part) {
                guard let stipulation = stipulation(side, value) else { continue }
                horizon.add(stipulation.path, stipulation.value)
            }
        }
    }

    private func comparisons(_ part: CELExpression) -> [(CELExpression, JSON)] {
        switch part.form {
        case .binary("==", let left, let right), .binary("!=", let left, let right):
            return [(left, json(right)), (right, json(left))].compactMap { side, value in value.map { (side, $0) } }
        case .binary("in", let left, let right):
            if case .list(let elements) = right.form { return elements.compactMap { json($0).map { (left, $0) } } }
            return json(left).map { [(right, .array([$0]))] } ?? []
        case .call(let target?, let name, let arguments):
            guard let text = arguments.first?.literal else { return [] }
            switch name {
            case "startsWith": return [(target, .string(text + "x"))]
            case "endsWith": return [(target, .string("x" + text))]
            case "contains": return [(target, .string(text))]
            case "matches": return LinearRegex(text).map { [(target, .string($0.sample))] } ?? []
            default: return []
            }
        default:
            guard part.path != nil else { return [] }
            return [(part, true)]
        }
    }

    private func json(_ expression: CELExpression) -> JSON? {
        switch expression.form {
        case .literal(.string(let text)): .string(text)
        case .literal(.bool(let value)): .bool(value)
        case .literal(.int(let value)): .integer(value)
        default: nil
        }
    }

    /// What in an expression takes more than was meant.
    func suspicions(_ condition: CELCondition) -> [Suspicion] {
        guard let expression = condition.expression else { return [] }
        return expression.all.flatMap { part -> [Suspicion] in
            switch part.form {
            case .call(let target?, let name, let arguments):
                guard let text = arguments.first?.literal else { return [] }
                return self.suspicions(of: name, text, target, part, condition.place)
            case .binary("==", let left, let right):
                return caseSuspicions(left, right, condition.place) + caseSuspicions(right, left, condition.place)
                    + literalSuspicions(left, right, condition.place) + literalSuspicions(right, left, condition.place)
            default: return []
            }
        }
    }

    private func suspicions(
        of name: String,
        _ text: String,
        _ target: CELExpression,
        _ part: CELExpression,
        _ place: Place
    ) -> [Suspicion] {
        let proposal: (value: String, rule: LintRule, words: String, fix: String)
        switch name {
        case "startsWith":
            guard let last = text.last, !":/@#|".contains(last) else { return [] }
            proposal = (
                text + "-stranger", .unanchored, "also takes names that go on",
                "end it with the separator that follows the name"
            )
        case "endsWith":
            proposal = ("stranger" + text, .unanchored, "takes anything before it", "compare the whole value with ==")
        case "contains":
            proposal = (
                "stranger:\(text):stranger", .unanchored, "takes anything around it", "compare the whole value with =="
            )
        case "matches":
            guard let regex = LinearRegex(text) else { return [] }
            let isGlob =
                text.contains("*") && !text.contains(".*") && !text.contains("]*") && !text.contains(")*")
                && !text.contains("\\")
            if isGlob {
                proposal = (
                    "stranger" + regex.sample + "stranger", .otherSyntax,
                    "is written as a glob: in a regular expression * repeats the sign before it",
                    "write .* or [^/]* between ^ and $"
                )
            } else {
                guard !regex.isAnchoredAtStart || !regex.isAnchoredAtEnd else { return [] }
                let value =
                    (regex.isAnchoredAtStart ? "" : "stranger:") + regex.sample
                    + (regex.isAnchoredAtEnd ? "" : ":stranger")
                proposal = (value, .unanchored, "matches anywhere in the value", "write it between ^ and $")
            }
        default: return []
        }
        guard let stipulation = stipulation(target, .string(proposal.value)) else { return [] }
        return [Suspicion(proposal.rule, place, [[stipulation]], "\(part.text) \(proposal.words)", fix: proposal.fix)]
    }

    private func caseSuspicions(_ side: CELExpression, _ other: CELExpression, _ place: Place) -> [Suspicion] {
        guard case .call(let target?, let name, _) = side.form, ["lowerAscii", "upperAscii"].contains(name),
            let text = other.literal,
            let stipulation = stipulation(target, .string(name == "lowerAscii" ? text.uppercased() : text.lowercased()))
        else { return [] }
        return [
            Suspicion(
                .caseIgnored,
                place,
                [[stipulation]],
                "\(side.text) takes values that differ in case for one",
                fix: "compare the value itself"
            )
        ]
    }

    private func literalSuspicions(_ side: CELExpression, _ other: CELExpression, _ place: Place) -> [Suspicion] {
        guard let text = other.literal, let stipulation = stipulation(side, .string(text)) else { return [] }
        var found = Suspicion.ofPattern(text, stipulation.path, place, "==") { _ in stipulation.value ?? .null }
        if found.isEmpty, text.contains("*") {
            found.append(
                Suspicion(
                    .otherSyntax,
                    place,
                    [[stipulation]],
                    "'\(text)' has a *, which == takes for itself",
                    fix: "use startsWith, up to a separator"
                )
            )
        }
        return found
    }
}
