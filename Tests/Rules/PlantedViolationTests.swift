import Testing

/// Each rule, shown a violation: a rule that finds nothing in a bad file would find nothing in a good one either.
@Suite("A planted violation is found")
struct PlantedViolationTests {
    private let table = ImportTable(
        readme: """
            | module | owns | may import |
            | --- | --- | --- |
            | `Encoding` | alphabets | – |
            | `Crypto` | keys | `COpenSSL`, `Encoding` |
            | `Runs` | a run's life | `Crypto`, `Encoding` |
            | `command` | the command | everything |

            | library | why | package |
            | `OpenSSL` | keys | `libssl-dev` |
            """
    )

    private func source(_ text: String, at path: String = "Sources/Runs/Runs.swift") -> SwiftSource {
        SwiftSource(path: path, text: text)
    }

    @Test("the module map is read from its table alone")
    func readsTable() {
        #expect(table.modules == ["Encoding", "Crypto", "Runs", "command"])
        #expect(table.imports(of: "Encoding") == [])
        #expect(table.imports(of: "Crypto") == ["COpenSSL", "Encoding"])
        #expect(table.imports(of: "command") == ["Encoding", "Crypto", "Runs"])
        #expect(table.imports(of: "Ledger") == nil)
    }

    @Test(
        "an import that the table does not allow",
        arguments: ["package import HTTP", "internal import COpenSSL", "import struct Foundation.Data", "import Glibc"]
    )
    func forbiddenImport(line: String) {
        let planted = source("internal import Crypto\n// import Nothing\nlet text = \"import Nothing\"\n\(line)\n")
        #expect(ImportRules.forbidden([planted], table: table).map(\.line) == [4])
    }

    @Test("an import of the operating system is allowed in the ground alone")
    func groundImports() {
        let ground = source("internal import Glibc\n", at: "Sources/Ground/Crypto/Crypto.swift")
        #expect(ImportRules.forbidden([ground], table: table) == [])
    }

    @Test("a file of a module without a row")
    func unknownModule() {
        let planted = source("let one = 1\n", at: "Sources/Surprise/Surprise.swift")
        #expect(ImportRules.forbidden([planted], table: table).count == 1)
    }

    @Test("a permission that nothing uses")
    func unusedImport() {
        let runs = source("internal import Crypto\n")
        let crypto = source("import COpenSSL\nimport Encoding\n", at: "Sources/Ground/Crypto/Crypto.swift")
        let found = ImportRules.unused([runs, crypto], table: table)
        #expect(found.map(\.message) == ["Runs may import Encoding but does not: take it away"])
    }

    @Test("a dependency that only Package.swift has, and a module that it lacks")
    func contradiction() {
        let text = """
            ground("Encoding"),  // alphabets
            ground("Crypto", ["COpenSSL", "Encoding"]),
            module(
                "Runs",
                ["Crypto", "Encoding", "HTTP"]
            ),
            """
        let manifest = Manifest(text: text, calls: ["ground", "module"])
        #expect(manifest.targets.map(\.name) == ["Encoding", "Crypto", "Runs"])
        let found = ImportRules.contradictions(manifest, table: table).map { $0.message.prefix(13) }
        #expect(found == ["command stand", "Runs and HTTP"])
    }

    @Test("a C library with two modules that import it, or none")
    func sharedLibrary() {
        let shared = ImportTable(rows: [.init(module: "A", imports: ["CX"]), .init(module: "B", imports: ["CX"])])
        #expect(ImportRules.sharedLibraries(["CX", "CY"], table: shared).count == 2)
    }

    @Test("a module of the ground that imports the domain")
    func domainBelowGround() {
        let found = ImportRules.domainBelowGround(["Encoding", "Runs"], libraries: ["COpenSSL"], table: table)
        #expect(found.map(\.message) == ["Runs is ground and may not import Crypto"])
    }

    @Test("a package dependency, but not the access level of that name")
    func packageDependency() {
        let planted = source("let a = [Package.Dependency]()\nlet b = x.package(url: \"u\")\n", at: "Package.swift")
        #expect(ImportRules.packageDependencies(planted).map(\.line) == [2])
        #expect(ImportRules.packageDependencies(source("package let a = 1 // .package(\n")) == [])
    }

    @Test("a file of 401 lines, but not one of 400")
    func longFile() {
        let line = "let a = 1\n"
        #expect(LengthRules.longFiles([source(String(repeating: line, count: 400))]) == [])
        #expect(LengthRules.longFiles([source(String(repeating: line, count: 401))]).map(\.line) == [401])
    }

    @Test(
        "a body of 61 lines, but not one of 60",
        arguments: [
            "func long(_ closure: () -> Void = { }) throws(Failure) -> [Int: (Int)] where T: P {",
            "init?(from text: String) {",
            "deinit {", "var long: [Int] {", "subscript(index: Int) -> Int {",
        ]
    )
    func longFunction(head: String) {
        func text(_ count: Int) -> String {
            "struct S {\n\(head)\n" + String(repeating: "    work(\"}\") // }\n", count: count - 2) + "}\n}\n"
        }
        #expect(LengthRules.longFunctions([source(text(60))]) == [])
        #expect(LengthRules.longFunctions([source(text(61))]).map(\.line) == [2])
    }

    @Test("a requirement of a protocol and a stored property have no body to measure")
    func noBody() {
        let lines = "protocol P {\n    func a() -> Int\n    var b: Int\n}\nstruct S {\n    var c = 1\n    let d: Int\n"
        let text = lines + "enum E {\n" + String(repeating: "    case one\n", count: 70) + "}\n}\n"
        #expect(LengthRules.longFunctions([source(text)]) == [])
    }

    @Test(
        "a package declaration without a comment",
        arguments: [
            "package struct S {}", "package func f() {}", "package static var limit: Int { 1 }", "package init() {}",
            "package private(set) var a: Int { 1 }", "@safe package final class C {}", "package typealias T = Int",
            "package mutating func m() {}", "package consuming func m() {}", "package protocol P {}",
        ]
    )
    func undocumented(line: String) {
        #expect(DocumentationRules.undocumented([source("// no doc\n@attribute\n\(line)\n")]).map(\.line) == [3])
        #expect(DocumentationRules.undocumented([source("/// A doc.\n@attribute\n\(line)\n")]) == [])
    }

    @Test(
        "what needs no comment of its own",
        arguments: [
            "package let name: String", "package private(set) var count = 0", "package import Crypto",
            "package var description: String { \"\" }", "let package = Package()",
            "package static let limit = 1", "package init(rawValue: Int) {}",
            "package static func < (left: Self, right: Self) -> Bool { true }",
        ]
    )
    func needsNoComment(line: String) {
        #expect(DocumentationRules.undocumented([source("\(line)\n")]) == [])
    }

    @Test("a module that does not open with what it owns")
    func unopened() {
        let bad = [source("package import Crypto\n\nlet a = 1\n/// Late.\n")]
        let good = [source("package import Crypto\n\n/// Runs owns a run's life.\nlet a = 1\n")]
        #expect(DocumentationRules.unopenedModules(["Runs"], bad).count == 1)
        #expect(DocumentationRules.unopenedModules(["Runs"], good) == [])
        #expect(DocumentationRules.unopenedModules(["Claims"], good).count == 1)
    }

    @Test(
        "memory touched outside the ground",
        arguments: ["unsafe f()", "let p: UnsafePointer<Int>", "a.withUnsafeBytes { _ in }", "@safe struct S {}"]
    )
    func unsafeCode(line: String) {
        #expect(SafetyRules.unsafeCode([source("// unsafe\n\(line)\n")]).map(\.line) == [2])
        #expect(SafetyRules.unsafeCode([source(line, at: "Sources/Ground/Crypto/Crypto.swift")]) == [])
    }

    @Test("an unchecked claim without an argument")
    func unarguedSendable() {
        let claim = "final class C: @unchecked Sendable {}\n"
        #expect(SafetyRules.unarguedSendable([source(claim)]).count == 1)
        #expect(SafetyRules.unarguedSendable([source("// openssl-threads(7): a key may be shared.\n" + claim)]) == [])
    }

    @Test("a value without a type, and a type whose name says nothing")
    func vagueTypes() {
        let planted = source("let a: [String: Any] = [:]\nstruct KeyManager {}\nlet manager = AnyHashable(1)\n")
        #expect(SafetyRules.vagueTypes([planted]).map(\.line) == [1, 2])
    }

    @Test("work that was put off")
    func unfinished() {
        #expect(SafetyRules.unfinished(path: "a", text: "one\n// TO" + "DO: two\n").map(\.line) == [2])
    }

    @Test("quotes, comments and interpolations do not hide code or make some up")
    func blanking() {
        let text = ##"""
            let a = "x /* y" + "\(f("unsafe", g(1))) unsafe" /* unsafe /* unsafe */ unsafe */ + unsafe
            let b = #"\("unsafe")"# + #"\#(unsafe)"#
            let c = """
                unsafe "unsafe"
                """ + unsafe
            """##
        #expect(source(text).tokens.filter { $0.text == "unsafe" }.map(\.line) == [1, 2, 5])
    }
}
