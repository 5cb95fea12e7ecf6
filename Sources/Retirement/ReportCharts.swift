internal import JSON

/// A bar of the verdicts, each as long as its part.
struct VerdictChart {
    private let parts: [(name: String, count: Int64, colour: String)]

    init(_ summary: JSON) {
        let colours = ["var(--go)", "var(--soon)", "var(--keep)", "var(--open)", "var(--else)"]
        parts = zip(Verdict.allCases, colours).map { verdict, colour in
            (verdict.rawValue, summary[verdict.rawValue]?.asInteger ?? 0, colour)
        }
    }

    var svg: String {
        let all = parts.reduce(0) { $0 + $1.count }
        guard all > 0 else { return "<p>There is no secret to judge.</p>" }
        var left = 0.0
        var bars = ""
        for part in parts where part.count > 0 {
            let width = Double(part.count) / Double(all) * 1_000
            bars += """
                <rect x="\(left.short)" y="4" width="\(width.short)" height="28" fill="\(part.colour)"><title>\(part.name): \
                \(part.count)</title></rect><text x="\((left + 4).short)" y="48">\(width > 60 ? "\(part.name) \(part.count)" : "")</text>
                """
            left += width
        }
        return "<svg viewBox=\"0 0 1000 54\" role=\"img\" aria-label=\"Verdicts\">\(bars)</svg>"
    }
}

/// Weeks side by side: exchanges, reads of static secrets and fallbacks, each week as high as its share.
struct ShareChart {
    private let weeks: [JSON]

    init(_ weeks: [JSON]) { self.weeks = Array(weeks.suffix(53)) }

    var svg: String {
        guard !weeks.isEmpty else { return "<p>No job has had a credential yet.</p>" }
        let step = 1_000.0 / Double(weeks.count)
        let columns = weeks.enumerated().map { column($0.offset, $0.element, step) }.joined()
        return """
            <svg viewBox="0 0 1000 220" role="img" aria-label="Share of credentials by exchange and by static secret">\(columns)\
            <text x="0" y="212">\(weeks.first?.text("week").escaped ?? "")</text>\
            <text x="1000" y="212" text-anchor="end">\(weeks.last?.text("week").escaped ?? "")</text></svg>
            <p><span class="badge delete-now">by exchange</span> <span class="badge keep">static secret read</span>
            <span class="badge expiring">static secret in an outage</span></p>
            """
    }

    private func column(_ number: Int, _ week: JSON, _ step: Double) -> String {
        let parts = [("exchanges", "var(--go)"), ("reads", "var(--keep)"), ("fallbacks", "var(--soon)")]
        let counts = parts.map { Double(week[$0.0]?.asInteger ?? 0) }
        let all = counts.reduce(0, +)
        guard all > 0 else { return "" }
        var bottom = 190.0
        return zip(parts, counts).map { part, count in
            let height = count / all * 180
            bottom -= height
            return """
                <rect x="\((Double(number) * step + step * 0.1).short)" y="\(bottom.short)" width="\((step * 0.8).short)" \
                height="\(height.short)" fill="\(part.1)"><title>week of \(week.text("week").escaped): \(part.0) \
                \(Int(count))</title></rect>
                """
        }.joined()
    }
}

extension Double {
    /// A number with two places, as a drawing needs it.
    fileprivate var short: String {
        let hundredths = Int((self * 100).rounded())
        let rest = abs(hundredths % 100)
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
