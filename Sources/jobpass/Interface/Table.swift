internal import Text

/// Rows under headings, in columns as wide as their longest value.
struct Table {
    let headings: [String]
    var rows: [[String]] = []

    init(_ headings: String...) { self.headings = headings }

    init(_ headings: [String]) { self.headings = headings }

    mutating func add(_ row: String...) { rows.append(row) }

    /// The table's text; a value that cannot be seen or would move the cursor is written out.
    func text(_ style: Style) -> String {
        let rows = rows.map { $0.map(\.madeVisible) }
        let widths = headings.indices.map { column in
            ([headings[column]] + rows.map { $0[column] }).map(\.count).max() ?? 0
        }
        let lines = [headings] + rows
        return lines.enumerated().map { index, line in
            let padded = line.enumerated().map { column, value in
                column == line.count - 1 ? value : value + String(repeating: " ", count: widths[column] - value.count)
            }
            let text = padded.joined(separator: "  ")
            return (index == 0 ? style.heading(text) : text) + "\n"
        }.joined()
    }
}
