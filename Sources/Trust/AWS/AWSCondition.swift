/// One key of a condition operator with its values.
struct AWSCondition: Sendable {
    let operatorName: String
    let key: String
    let place: Place
    let values: PolicyNode

    var parsed: AWSOperator? { AWSOperator(operatorName) }

    /// The condition held against a request.
    func check(_ context: AWSContext, hasVariables: Bool) -> Check {
        let seen = context.value(of: key)
        let texts = values.texts
        let wanted = (parsed?.isNegated ?? false ? "none of " : "") + texts.map { "'\($0)'" }.joined(separator: " or ")
        let (verdict, note) = judge(seen, texts, context, hasVariables: hasVariables)
        return Check(
            place,
            operatorName,
            key,
            wanted: wanted,
            seen: Self.words(seen),
            verdict,
            note: note ?? Self.surprise(seen),
            change: change(seen, context)
        )
    }

    private func judge(
        _ seen: AWSContext.Value,
        _ texts: [String],
        _ context: AWSContext,
        hasVariables: Bool
    ) -> (Verdict, String?) {
        guard let parsed else {
            return (.cannotTell, "there is no operator of this name, or it is not understood here")
        }
        if parsed.test == .unsupported { return (.cannotTell, "this operator is not played here") }
        let present: [String]
        switch seen {
        case .unknown(let why): return (.cannotTell, why)
        case .absent(let why):
            if parsed.test == .null { return (Verdict(texts.contains { $0.lowercased() == "true" }), why) }
            return absence(parsed, why)
        case .values(let values): present = values
        }
        if parsed.test == .null { return (Verdict(texts.contains { $0.lowercased() == "false" }), nil) }
        let patterns = texts.map {
            AWSPattern($0, context, hasVariables: hasVariables, hasWildcards: parsed.test == .like)
        }
        func holds(_ value: String) -> Verdict {
            let any = Verdict.any(patterns.map { parsed.matches(value, $0) })
            return parsed.isNegated ? any.negated : any
        }
        switch parsed.quantifier {
        case .all: return (.all(present.map(holds)), present.isEmpty ? "ForAllValues holds of no value at all" : nil)
        case .any: return (.any(present.map(holds)), nil)
        case .none:
            guard present.count == 1 else {
                let alike = Set(present.map(holds))
                guard alike.count == 1, let only = alike.first, only != .pass else {
                    return (.cannotTell, "the key has several values; say ForAnyValue: or ForAllValues:")
                }
                return (only, nil)
            }
            return (holds(present[0]), patterns.first { $0.missing != nil }?.missing)
        }
    }

    /// What holds of a key that the request does not have.
    private func absence(_ parsed: AWSOperator, _ why: String?) -> (Verdict, String?) {
        let passes =
            switch parsed.quantifier {
            case .all: true
            case .any: parsed.ifExists
            case .none: parsed.ifExists || parsed.isNegated
            }
        guard passes else { return (.fail, why) }
        // Where AWS were to make a key of the claim after all, the condition might not hold.
        if why?.hasPrefix("AWS makes no") == true { return (.cannotTell, why) }
        let name = parsed.quantifier == .all ? "ForAllValues" : parsed.ifExists ? "IfExists" : operatorName
        return (.pass, "\(name) holds where the key is missing" + (why.map { "; \($0)" } ?? ""))
    }

    private func change(_ seen: AWSContext.Value, _ context: AWSContext) -> String {
        switch seen {
        case .unknown: return "nothing can be said without the request"
        case .absent(let why):
            guard let why else { return "have the token carry \(key), or remove this condition" }
            if let path = AWSContext.path(of: key)?.names.first, why.hasPrefix("the key is of another") {
                return "write the key as \"\(context.host):\(path)\""
            }
            return "put what matters into sub, or into session tags (aws:RequestTag/NAME)"
        case .values(let values):
            let value = values.first ?? ""
            if parsed?.isNegated == true { return "take what matches '\(value)' out of the list" }
            if parsed?.test == .equals, !context.host.isEmpty, values.count == 1,
                let near = self.values.texts.first(where: {
                    Glob($0, hasOne: true).hasWildcard && Glob($0, hasOne: true).matches(value)
                })
            {
                return "write StringLike instead of \(operatorName), which takes '\(near)' literally"
            }
            return "add \"\(value)\" to \(key) under \(operatorName)"
        }
    }

    private static func words(_ value: AWSContext.Value) -> String {
        switch value {
        case .absent: "nothing"
        case .unknown: "not known"
        case .values(let values): values.map { "'\($0)'" }.joined(separator: ", ")
        }
    }

    private static func surprise(_ value: AWSContext.Value) -> String? {
        if case .absent(let why) = value { why } else { nil }
    }
}

/// A condition operator's name, taken apart.
struct AWSOperator: Equatable, Sendable {
    enum Quantifier: Equatable, Sendable {
        case none
        case any
        case all
    }

    enum Comparison: String, Equatable, Sendable, CaseIterable {
        case notEquals = "NotEquals"
        case lessThanEquals = "LessThanEquals"
        case greaterThanEquals = "GreaterThanEquals"
        case lessThan = "LessThan"
        case greaterThan = "GreaterThan"
        case equals = "Equals"
    }

    enum Test: Equatable, Sendable {
        case equals
        case like
        case number(Comparison)
        case date(Comparison)
        case bool
        case null
        case unsupported
    }

    var quantifier = Quantifier.none
    var test = Test.unsupported
    var isNegated = false
    var ignoresCase = false
    var ifExists = false

    /// Reads a name; nil where AWS has no such operator.
    init?(_ name: String) {
        var rest = name[...]
        if rest.hasPrefix("ForAllValues:") {
            quantifier = .all
        } else if rest.hasPrefix("ForAnyValue:") {
            quantifier = .any
        }
        if quantifier != .none, let colon = rest.firstIndex(of: ":") { rest = rest[rest.index(after: colon)...] }
        if rest.hasSuffix("IfExists") {
            ifExists = true
            rest = rest.dropLast(8)
        }
        switch rest {
        case "StringEquals": test = .equals
        case "StringNotEquals": (test, isNegated) = (.equals, true)
        case "StringEqualsIgnoreCase": (test, ignoresCase) = (.equals, true)
        case "StringNotEqualsIgnoreCase": (test, ignoresCase, isNegated) = (.equals, true, true)
        case "StringLike": test = .like
        case "StringNotLike": (test, isNegated) = (.like, true)
        case "Bool": test = .bool
        case "Null":
            guard !ifExists else { return nil }
            test = .null
        case "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike": break
        default:
            let comparison = Comparison.allCases.first { rest.hasSuffix($0.rawValue) }
            guard let comparison else { return nil }
            switch rest.dropLast(comparison.rawValue.count) {
            case "Numeric": test = .number(comparison == .notEquals ? .equals : comparison)
            case "Date": test = .date(comparison == .notEquals ? .equals : comparison)
            default: return nil
            }
            isNegated = comparison == .notEquals
        }
    }
}
