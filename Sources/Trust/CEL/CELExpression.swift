/// A CEL expression, as far as it is read here, with the text that it was read from.
final class CELExpression: Sendable {
    indirect enum Form: Sendable {
        case literal(CELValue)
        case name(String)
        case member(CELExpression, String, isOptional: Bool)
        case index(CELExpression, CELExpression)
        case call(CELExpression?, String, [CELExpression])
        case list([CELExpression])
        case map([(CELExpression, CELExpression)])
        case not(CELExpression)
        case negative(CELExpression)
        case binary(String, CELExpression, CELExpression)
        case conditional(CELExpression, CELExpression, CELExpression)
    }

    let form: Form
    let text: String

    init(_ form: Form, text: String) {
        self.form = form
        self.text = text
    }

    /// The operands that an operator joins, however many: `a && b && c` gives three.
    func operands(of name: String) -> [CELExpression] {
        guard case .binary(name, let left, let right) = form else { return [self] }
        return left.operands(of: name) + right.operands(of: name)
    }

    /// The expressions right below this one.
    var children: [CELExpression] {
        switch form {
        case .literal, .name: []
        case .member(let base, _, _): [base]
        case .index(let base, let key): [base, key]
        case .call(let target, _, let arguments): (target.map { [$0] } ?? []) + arguments
        case .list(let elements): elements
        case .map(let entries): entries.flatMap { [$0.0, $0.1] }
        case .not(let operand), .negative(let operand): [operand]
        case .binary(_, let left, let right): [left, right]
        case .conditional(let condition, let left, let right): [condition, left, right]
        }
    }

    /// The path of names that this is, such as `assertion.sub`; nil where it is something else.
    var path: [String]? {
        switch form {
        case .name(let name): [name]
        case .member(let base, let name, _): base.path.map { $0 + [name] }
        case .index(let base, let key):
            if case .literal(.string(let name)) = key.form { base.path.map { $0 + [name] } } else { nil }
        default: nil
        }
    }

    /// Every path in it, the longest of each.
    var paths: [[String]] { path.map { [$0] } ?? children.flatMap(\.paths) }

    /// Every expression in it, itself first.
    var all: [CELExpression] { [self] + children.flatMap(\.all) }

    var literal: String? { if case .literal(.string(let text)) = form { text } else { nil } }
}

/// A value of CEL.
enum CELValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case list([CELValue])
    case map([(String, CELValue)])
    /// A value that may be missing, of `.?name`.
    case optional(Bool, text: String)
    /// Evaluation failed, as for a field that is not there; a condition that fails is false.
    case error(String)
    /// It is not understood here.
    case unknown(String)

    static func == (left: CELValue, right: CELValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.int(let left), .int(let right)): left == right
        case (.double(let left), .double(let right)): left == right
        case (.int(let left), .double(let right)), (.double(let right), .int(let left)): Double(left) == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.list(let left), .list(let right)): left == right
        case (.map(let left), .map(let right)):
            left.count == right.count
                && left.allSatisfy { entry in right.contains { $0.0 == entry.0 && $0.1 == entry.1 } }
        default: false
        }
    }

    /// As a person reads it.
    var shown: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let text): "'\(text)'"
        case .list(let elements): "[\(elements.map(\.shown).joined(separator: ", "))]"
        case .map(let entries): "{\(entries.map { "\($0.0): \($0.1.shown)" }.joined(separator: ", "))}"
        case .optional(_, let text): text
        case .error(let why): "nothing (\(why))"
        case .unknown(let why): "not known (\(why))"
        }
    }

    var isFailure: Bool {
        switch self {
        case .error, .unknown: true
        default: false
        }
    }
}
