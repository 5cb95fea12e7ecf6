import Testing

/// The rules held against this checkout.
@Suite("This checkout keeps its rules")
struct RuleTests {
    /// Read once: thirteen tests ask for the same files.
    private static let checkout = Result { try Snapshot() }
    private let checkout: Snapshot

    init() throws { checkout = try Self.checkout.get() }

    @Test("every file imports only what README's module map allows")
    func imports() { expectNone(ImportRules.forbidden(checkout.sources, table: checkout.table)) }

    @Test("README's module map allows nothing that no file uses")
    func unusedImports() { expectNone(ImportRules.unused(checkout.sources, table: checkout.table)) }

    @Test("README's module map and Package.swift say the same")
    func manifestAgrees() {
        #expect(checkout.manifest.targets.count > 20, "Package.swift was not read")
        let wired = ["jobpass"].map { Manifest.Target(name: $0, dependencies: checkout.table.imports(of: $0) ?? []) }
        expectNone(
            ImportRules.contradictions(Manifest(targets: checkout.manifest.targets + wired), table: checkout.table)
        )
    }

    @Test("each C library has exactly one module that imports it")
    func libraryWrappers() {
        #expect(checkout.libraries.count > 5, "Package.swift was not read")
        expectNone(ImportRules.sharedLibraries(checkout.libraries, table: checkout.table))
    }

    @Test("the ground knows no module of the domain")
    func groundIsBelow() {
        let ground = Set(checkout.sources.filter(\.isGround).compactMap(\.module))
        expectNone(ImportRules.domainBelowGround(ground, libraries: checkout.libraries, table: checkout.table))
    }

    @Test("Package.swift has no package dependencies")
    func noPackages() throws {
        let source = SwiftSource(path: "Package.swift", text: try Checkout.text("Package.swift"))
        expectNone(ImportRules.packageDependencies(source))
    }

    @Test("no file and no function is longer than the limits")
    func lengths() {
        expectNone(LengthRules.longFiles(checkout.everything))
        expectNone(LengthRules.longFunctions(checkout.everything))
    }

    @Test("every package declaration says what it means")
    func documentation() { expectNone(DocumentationRules.undocumented(checkout.sources)) }

    @Test("every module opens with what it owns")
    func openings() { expectNone(DocumentationRules.unopenedModules(checkout.table.modules, checkout.sources)) }

    @Test("memory is touched in the ground alone, and every unchecked claim is argued")
    func safety() {
        expectNone(SafetyRules.unsafeCode(checkout.sources))
        expectNone(SafetyRules.unarguedSendable(checkout.everything))
    }

    @Test("every value has a type, and every type a name that says what it is")
    func types() { expectNone(SafetyRules.vagueTypes(checkout.sources)) }

    @Test("nothing was put off", arguments: ["Sources", "Tests", "deploy", "keys"])
    func finished(folder: String) throws {
        for path in try Checkout.files(under: folder) {
            guard let text = try? Checkout.text(path) else { continue }  // a vector of raw bytes
            expectNone(SafetyRules.unfinished(path: path, text: text))
        }
    }

    @Test("a C module is a module map and a shim, nothing else")
    func libraryFolders() throws {
        let files = try Checkout.files(under: "Sources/C").map { $0.split(separator: "/").last.map(String.init) ?? "" }
        #expect(Set(files) == ["module.modulemap", "shim.h"])
    }
}

/// What the rules read.
private struct Snapshot: Sendable {
    let sources: [SwiftSource]
    let everything: [SwiftSource]
    let table: ImportTable
    let manifest: Manifest
    let libraries: [String]

    init() throws {
        let manifestText = try Checkout.text("Package.swift")
        sources = try Checkout.swiftSources(under: "Sources")
        everything = try sources + Checkout.swiftSources(under: "Tests")
        table = ImportTable(readme: try Checkout.text("README.md"))
        manifest = Manifest(text: manifestText, calls: ["ground", "module"])
        libraries = Manifest(text: manifestText, calls: ["library", ".systemLibrary"]).targets.map(\.name)
    }
}

/// Reports each violation as a failure of its own.
func expectNone(_ violations: [Violation]) {
    for violation in violations { Issue.record(Comment(rawValue: violation.description)) }
}
