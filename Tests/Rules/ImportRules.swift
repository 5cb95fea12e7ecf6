/// Which module may import which: the table of README.md, held against the sources and against `Package.swift`.
enum ImportRules {
    /// Imports that the table does not allow, and modules that it does not know.
    static func forbidden(_ sources: [SwiftSource], table: ImportTable) -> [Violation] {
        sources.flatMap { source -> [Violation] in
            guard let module = source.module, let allowed = table.imports(of: module) else {
                return [Violation(source.path, "its module has no row in README.md's module map")]
            }
            let system = source.isGround ? ImportTable.operatingSystem : []
            return imports(of: source).compactMap { imported in
                let name = imported.text
                guard !allowed.contains(name), !system.contains(name), !ImportTable.standardLibrary.contains(name)
                else {
                    return nil
                }
                let hint = name.hasPrefix("Foundation") ? "Foundation stays out of Sources" : "it may not"
                return Violation(source.path, line: imported.line, "\(module) imports \(name): \(hint)")
            }
        }
    }

    /// Permissions that nothing uses: a table that allows more than is needed holds nothing.
    static func unused(_ sources: [SwiftSource], table: ImportTable) -> [Violation] {
        table.rows.filter { $0.imports != [ImportTable.everything] }
            .flatMap { row in
                let used = sources.filter { $0.module == row.module }.flatMap { imports(of: $0).map(\.text) }
                return row.imports.subtracting(used).sorted()
                    .map { Violation("README.md", "\(row.module) may import \($0) but does not: take it away") }
            }
    }

    /// Rows that contradict `Package.swift`, either way.
    static func contradictions(_ manifest: Manifest, table: ImportTable) -> [Violation] {
        let declared = manifest.targets.map(\.name)
        let missing = Set(declared).symmetricDifference(table.modules).sorted()
            .map { Violation("Package.swift", "\($0) stands in only one of Package.swift and README.md's module map") }
        let different = manifest.targets.flatMap { target -> [Violation] in
            guard let allowed = table.imports(of: target.name) else { return [] }
            return target.dependencies.symmetricDifference(allowed).sorted().map {
                Violation("Package.swift", "\(target.name) and \($0): Package.swift and README.md's module map differ")
            }
        }
        return missing + different
    }

    /// C libraries that more than one module may import, or none.
    static func sharedLibraries(_ libraries: [String], table: ImportTable) -> [Violation] {
        libraries.compactMap { library in
            let wrappers = table.rows.filter { $0.imports.contains(library) }.map(\.module)
            guard wrappers.count != 1 else { return nil }
            let names = wrappers.isEmpty ? "none" : wrappers.joined(separator: ", ")
            return Violation("README.md", "\(library) has one module that imports it, saw \(names)")
        }
    }

    /// Modules of the ground that may import a module of the domain.
    static func domainBelowGround(_ ground: Set<String>, libraries: [String], table: ImportTable) -> [Violation] {
        table.rows.filter { ground.contains($0.module) }
            .flatMap { row in
                row.imports.subtracting(ground).subtracting(libraries).sorted()
                    .map { Violation("README.md", "\(row.module) is ground and may not import \($0)") }
            }
    }

    /// A manifest that brings in a package from elsewhere.
    static func packageDependencies(_ manifest: SwiftSource) -> [Violation] {
        zip(manifest.tokens, manifest.tokens.dropFirst())
            .filter { $0.text == "." && $1.text == "package" }
            .map {
                Violation(manifest.path, line: $1.line, "a package dependency: the operating system's libraries do")
            }
    }

    /// The modules that a file imports, each with its line.
    private static func imports(of source: SwiftSource) -> [Token] {
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        return source.tokens.indices.compactMap { index in
            guard source.tokens[index].text == "import" else { return nil }
            let following = source.tokens[index...].dropFirst()
            return following.first { !kinds.contains($0.text) }
        }
    }
}
