internal import JSON
internal import Trust

/// An explanation for a person and for a program.
struct ExplanationText {
    let file: PolicyFile
    let explanation: Explanation
    /// With what the same token would pass; nil where it passes, or where no small change helps.
    let change: TokenChange?

    /// The clauses in the policy's order, each with its conditions side by side, then what to change.
    func text(_ style: Style) -> String {
        var text =
            "\(mark(explanation.verdict, style)): \(explanation.kind.title) \(file.path): \(explanation.reason)\n"
        for clause in explanation.clauses {
            let place = clause.place.map { ", line \($0.line)" } ?? ""
            let effect = clause.effect == .deny ? " (denies)" : ""
            text += "\n\(style.heading(clause.name + effect))\(place): \(clause.verdict.rawValue)\n"
            var table = Table("", "LINE", "TEST", "CLAIM", "SEEN", "WANTED")
            for check in clause.checks {
                table.add(
                    check.verdict == .pass ? "ok" : check.verdict == .fail ? "FAIL" : "?",
                    check.place.map { "\($0.line)" } ?? "-",
                    check.test,
                    check.claim,
                    check.seen,
                    check.wanted
                )
            }
            text += table.text(style)
            for check in clause.checks {
                if let note = check.note { text += "  \(check.test) \(check.claim): \(note)\n".madeVisibleLine }
            }
        }
        if explanation.verdict != .pass, let nearest = explanation.nearest {
            for check in nearest.checks {
                guard let change = check.change else { continue }
                let place = check.place.map { "line \($0.line): " } ?? ""
                text += "\(style.heading("to mend:")) \(place)\(change)\n".madeVisibleLine
            }
        }
        if let change {
            let claims = change.claims.map { "\($0.name) \(Self.text($0.wanted)) instead of \(Self.text($0.seen))" }
            text += "\(style.heading("it would pass with")) \(claims.joined(separator: ", and "))\n".madeVisibleLine
        }
        return text
    }

    private static func text(_ value: JSON?) -> String { value.map { $0.asString ?? $0.text } ?? "none" }

    private func mark(_ verdict: Trust.Verdict, _ style: Style) -> String {
        switch verdict {
        case .pass: style.good("PASS")
        case .fail: style.bad("FAIL")
        case .cannotTell: style.warning("CANNOT TELL")
        }
    }

    var json: JSON {
        [
            "policy": .string(file.path), "kind": .string(explanation.kind.rawValue),
            "verdict": .string(explanation.verdict.rawValue), "reason": .string(explanation.reason),
            "clauses": .array(
                explanation.clauses.map { clause in
                    [
                        "name": .string(clause.name), "line": Self.line(clause.place),
                        "effect": .string(clause.effect.rawValue),
                        "verdict": .string(clause.verdict.rawValue), "conditions": .array(clause.checks.map(Self.json)),
                    ]
                }
            ),
            "passes_with": change.map { change in
                .array(
                    change.claims.map {
                        ["claim": .string($0.name), "seen": $0.seen ?? .null, "wanted": $0.wanted ?? .null]
                    }
                )
            } ?? .null,
        ]
    }

    private static func json(_ check: Check) -> JSON {
        [
            "line": line(check.place), "column": check.place.map { .integer(Int64($0.column)) } ?? .null,
            "test": .string(check.test), "claim": .string(check.claim), "wanted": .string(check.wanted),
            "seen": .string(check.seen), "verdict": .string(check.verdict.rawValue),
            "note": check.note.map { .string($0) } ?? .null, "change": check.change.map { .string($0) } ?? .null,
        ]
    }

    private static func line(_ place: Place?) -> JSON { place.map { .integer(Int64($0.line)) } ?? .null }
}
