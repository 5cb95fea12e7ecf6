internal import JSON

/// Evaluates CEL over some variables.
///
/// A failure is absorbed by `||` and `&&` as CEL has it; what is not known is absorbed likewise, and else comes out.
struct CELEvaluator: Sendable {
    var variables: [String: CELValue]

    func value(_ expression: CELExpression) -> CELValue {
        switch expression.form {
        case .literal(let value): return value
        case .name(let name): return variables[name] ?? .unknown("there is no \(name)")
        case .member(let base, let name, let isOptional): return member(value(base), name, isOptional)
        case .index(let base, let key): return element(value(base), value(key))
        case .list(let elements):
            let values = elements.map(value)
            return values.first(where: \.isFailure) ?? .list(values)
        case .map(let entries): return map(entries)
        case .not(let operand):
            switch value(operand) {
            case .bool(let value): return .bool(!value)
            case let other: return other.isFailure ? other : .error("! of what is no boolean")
            }
        case .negative(let operand):
            switch value(operand) {
            case .int(let value) where value != .min: return .int(-value)
            case .double(let value): return .double(-value)
            case let other: return other.isFailure ? other : .error("- of what is no number")
            }
        case .binary("&&", let left, let right): return junction(left, right, absorbing: false)
        case .binary("||", let left, let right): return junction(left, right, absorbing: true)
        case .binary(let name, let left, let right): return binary(name, value(left), value(right))
        case .conditional(let condition, let left, let right):
            switch value(condition) {
            case .bool(let isTrue): return value(isTrue ? left : right)
            case let other: return other.isFailure ? other : .error("a condition that is no boolean")
            }
        case .call(let target, let name, let arguments): return call(target, name, arguments)
        }
    }

    /// Whether a condition holds: a failure is a no.
    func verdict(_ expression: CELExpression) -> Verdict {
        switch value(expression) {
        case .bool(let value): Verdict(value)
        case .unknown: .cannotTell
        default: .fail
        }
    }

    private func junction(_ left: CELExpression, _ right: CELExpression, absorbing: Bool) -> CELValue {
        let (left, right) = (value(left), value(right))
        if left == .bool(absorbing) || right == .bool(absorbing) { return .bool(absorbing) }
        for side in [left, right] { if case .unknown = side { return side } }
        for side in [left, right] { if case .error = side { return side } }
        guard case .bool = left, case .bool = right else {
            return .error("\(absorbing ? "||" : "&&") of what is no boolean")
        }
        return .bool(!absorbing)
    }

    private func member(_ base: CELValue, _ name: String, _ isOptional: Bool) -> CELValue {
        guard case .map(let entries) = base else {
            return base.isFailure ? base : .error("no field \(name)")
        }
        if isOptional { return .unknown("optional fields are not understood here") }
        return entries.first { $0.0 == name }?.1 ?? .error("no \(name)")
    }

    private func element(_ base: CELValue, _ key: CELValue) -> CELValue {
        switch (base, key) {
        case (.map, .string(let name)): return member(base, name, false)
        case (.list(let elements), .int(let index)):
            return index >= 0 && index < elements.count ? elements[Int(index)] : .error("no element \(index)")
        default: return base.isFailure ? base : key.isFailure ? key : .error("no element")
        }
    }

    private func map(_ entries: [(CELExpression, CELExpression)]) -> CELValue {
        var result: [(String, CELValue)] = []
        for (key, element) in entries {
            guard case .string(let name) = value(key) else { return .unknown("a map whose keys are no texts") }
            let element = value(element)
            if element.isFailure { return element }
            result.append((name, element))
        }
        return .map(result)
    }

    private func binary(_ name: String, _ left: CELValue, _ right: CELValue) -> CELValue {
        for side in [left, right] { if case .unknown = side { return side } }
        if left.isFailure { return left }
        if right.isFailure { return right }
        switch (name, left, right) {
        case ("==", _, _): return .bool(left == right)
        case ("!=", _, _): return .bool(left != right)
        case ("in", _, .list(let elements)): return .bool(elements.contains(left))
        case ("in", .string(let key), .map(let entries)): return .bool(entries.contains { $0.0 == key })
        case ("+", .string(let left), .string(let right)): return .string(left + right)
        case ("+", .list(let left), .list(let right)): return .list(left + right)
        case (_, .int(let left), .int(let right)): return arithmetic(name, left, right)
        case (_, .string(let left), .string(let right)):
            let (isLess, isSame) = (
                left.utf8.lexicographicallyPrecedes(right.utf8), left.utf8.elementsEqual(right.utf8)
            )
            switch name {
            case "<": return .bool(isLess)
            case "<=": return .bool(isLess || isSame)
            case ">": return .bool(!isLess && !isSame)
            case ">=": return .bool(!isLess)
            default: return .error("\(name) of texts")
            }
        default: return .unknown("\(name) of these is not understood here")
        }
    }

    private func arithmetic(_ name: String, _ left: Int64, _ right: Int64) -> CELValue {
        func checked(_ result: (partialValue: Int64, overflow: Bool)) -> CELValue {
            result.overflow ? .error("a number out of range") : .int(result.partialValue)
        }
        switch name {
        case "<": return .bool(left < right)
        case "<=": return .bool(left <= right)
        case ">": return .bool(left > right)
        case ">=": return .bool(left >= right)
        case "+": return checked(left.addingReportingOverflow(right))
        case "-": return checked(left.subtractingReportingOverflow(right))
        case "*": return checked(left.multipliedReportingOverflow(by: right))
        case "/": return right == 0 ? .error("a division by zero") : checked(left.dividedReportingOverflow(by: right))
        case "%":
            return right == 0
                ? .error("a division by zero") : checked(left.remainderReportingOverflow(dividingBy: right))
        default: return .error("\(name) of numbers")
        }
    }

    /// Claims as CEL has them.
    static func value(of json: JSON) -> CELValue {
        switch json {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .int(value)
        case .number(let value): .double(value)
        case .string(let text): .string(text)
        case .array(let elements): .list(elements.map { value(of: $0) })
        case .object(let object): .map(object.members.map { ($0.name, value(of: $0.value)) })
        }
    }
}
