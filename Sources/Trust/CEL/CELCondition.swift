internal import JSON

/// A boolean expression of a policy, and where it stands.
struct CELCondition: Sendable {
    let place: Place
    let text: String
    /// Nil where it cannot be read.
    let expression: CELExpression?
    /// Why not.
    let fault: String?

    init(_ node: PolicyNode) {
        place = node.place
        text = node.written ?? ""
        do throws(TrustError) {
            expression = try CELParser.parse(text)
            fault = nil
        } catch {
            expression = nil
            fault = error.reason
        }
    }

    /// The alternatives of the condition, each with the conditions that must hold together.
    func alternatives(_ evaluator: CELEvaluator) -> [[Check]] {
        guard let expression else {
            return [
                [
                    Check(
                        place,
                        "CEL",
                        "the token",
                        wanted: text,
                        seen: "",
                        .cannotTell,
                        note: "it is not understood: \(fault ?? "")",
                        change: "write it with what README.md lists"
                    )
                ]
            ]
        }
        return expression.operands(of: "||").map { alternative in
            alternative.operands(of: "&&").map { check($0, evaluator) }
        }
    }

    private func check(_ expression: CELExpression, _ evaluator: CELEvaluator) -> Check {
        let verdict = evaluator.verdict(expression)
        var note: String?
        switch evaluator.value(expression) {
        case .unknown(let why), .error(let why): note = why
        default: break
        }
        if case .binary(let name, let left, let right) = expression.form, ["==", "!=", "in"].contains(name) {
            let (claim, wanted) = left.paths.isEmpty && name != "in" ? (right, left) : (left, right)
            let (seen, value) = (evaluator.value(claim), evaluator.value(wanted))
            let change =
                switch name {
                case "==": "compare \(claim.text) with \(seen.shown)"
                case "in": "add \(seen.shown) to the list"
                default: "take \(claim.text) != \(value.shown) away"
                }
            return Check(
                place,
                name,
                claim.text,
                wanted: (name == "!=" ? "not " : "")
                    + (wanted.paths.isEmpty ? value.shown : "\(wanted.text) = \(value.shown)"),
                seen: seen.shown,
                verdict,
                note: note,
                change: seen.isFailure ? "have the token carry \(claim.text)" : change
            )
        }
        if case .call(let target?, let name, let arguments) = expression.form, arguments.count == 1,
            !target.paths.isEmpty
        {
            let seen = evaluator.value(target)
            return Check(
                place,
                name,
                target.text,
                wanted: evaluator.value(arguments[0]).shown,
                seen: seen.shown,
                verdict,
                note: note,
                change: "let \(name) also take \(seen.shown), by || and a further comparison"
            )
        }
        let paths = expression.paths
        let seen = paths.map { path in
            "\(path.joined(separator: ".")) = \(evaluator.value(Self.read(path)).shown)"
        }
        return Check(
            place,
            "CEL",
            paths.map { $0.joined(separator: ".") }.joined(separator: ", "),
            wanted: expression.text,
            seen: seen.joined(separator: ", "),
            verdict,
            note: note,
            change: "add || and a comparison that holds for this token"
        )
    }

    private static func read(_ path: [String]) -> CELExpression {
        path.dropFirst().reduce(CELExpression(.name(path[0]), text: path[0])) { base, name in
            CELExpression(.member(base, name, isOptional: false), text: name)
        }
    }
}
