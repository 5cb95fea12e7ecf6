/// The module map of README.md, which is the one table of what may import what.
struct ImportTable: Sendable {
    /// One row: a module, and the modules and libraries that it may import.
    struct Row: Equatable, Sendable {
        let module: String
        let imports: Set<String>
    }

    /// The word that stands in place of a list where a module wires up all the others.
    static let everything = "everything"

    /// What any module may import: the standard library's own parts.
    static let standardLibrary: Set<String> = ["Swift", "Synchronization"]

    /// What the ground may import besides: glibc, and the overlay that names its structures.
    static let operatingSystem: Set<String> = ["Glibc", "SwiftOverlayShims"]

    let rows: [Row]

    init(rows: [Row]) { self.rows = rows }

    /// Reads the rows `| module | … | imports |` below a heading row that ends in `may import |`.
    init(readme: String) {
        let lines = readme.split(separator: "\n", omittingEmptySubsequences: false)
        var rows: [Row] = []
        var isInside = false
        for line in lines {
            if line.hasSuffix("| may import |") { isInside = true }
            if !line.hasPrefix("|") { isInside = false }
            guard isInside, let row = Row(line: line) else { continue }
            rows.append(row)
        }
        self.rows = rows
    }

    /// The names of all modules.
    var modules: [String] { rows.map(\.module) }

    /// What a module may import, as its row says.
    func imports(of module: String) -> Set<String>? {
        guard let row = rows.first(where: { $0.module == module }) else { return nil }
        return row.imports == [Self.everything] ? Set(modules).subtracting([module]) : row.imports
    }
}

extension ImportTable.Row {
    fileprivate init?(line: Substring) {
        let cells = line.split(separator: "|").map { cell in
            cell.split(separator: " ").map { $0.filter { $0 != "`" && $0 != "," } }
        }
        guard cells.count == 3, let module = cells[0].first, cells[0].count == 1, module != "module" else { return nil }
        guard !module.hasPrefix("-") else { return nil }
        self.init(module: module, imports: Set(cells[2]).subtracting(["–"]))
    }
}

/// The dependencies of `Package.swift`, read from the calls that declare its targets.
struct Manifest: Sendable {
    /// A declared target.
    struct Target: Equatable, Sendable {
        let name: String
        let dependencies: Set<String>
    }

    let targets: [Target]

    init(targets: [Target]) { self.targets = targets }

    /// Reads calls such as `ground("Crypto", ["COpenSSL", "Encoding"])`; the first text is the name.
    init(text: String, calls: [String]) {
        targets = calls.flatMap { call in
            text.matches(of: call + "(").compactMap { start in
                let names = Self.literals(text[start...])
                guard let name = names.first, name.allSatisfy({ $0.isLetter || $0.isNumber }) else { return nil }
                return Target(name: name, dependencies: Set(names.dropFirst()))
            }
        }
    }

    /// The text literals up to the parenthesis that closes the call.
    private static func literals(_ call: Substring) -> [String] {
        var depth = 1
        var names: [String] = []
        var parts = call.split(separator: "\"", omittingEmptySubsequences: false)[...]
        while let code = parts.popFirst() {
            for character in code {
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                guard depth > 0 else { return names }
            }
            if let literal = parts.popFirst() { names.append(String(literal)) }
        }
        return names
    }
}

extension String {
    /// The places just behind each occurrence of a text that begins a line or follows a space.
    fileprivate func matches(of wanted: String) -> [Index] {
        indices.filter { index in
            let isStart = index == startIndex || self[self.index(before: index)].isWhitespace
            return isStart && self[index...].hasPrefix(wanted)
        }
        .map { self.index($0, offsetBy: wanted.count) }
    }
}
