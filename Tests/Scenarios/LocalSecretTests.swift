import JSON
import POSIX
import Support
import Testing

@Suite("Static secrets on the broker's own host")
struct LocalSecretTests {
    let directory: ScenarioDirectory
    var configuration: String { directory.file("jobpass.yaml") }

    init() throws {
        directory = try ScenarioDirectory()
        let made = try BuiltCommand.run(["init", directory.path])
        try #require(made.code == 0, "\(made.error)")
        let contexts = "contexts:\n  npm:\n    allow: [{project: example/web}]\n"
        let text = try Files.readText(configuration) + contexts
        try Files.replace(configuration, Array(text.utf8))
    }

    private func set(_ name: String, in context: String = "npm", _ value: String) throws -> BuiltCommand.Result {
        try BuiltCommand.run(
            ["secret", "set", context, name, "--config", configuration],
            input: Array(value.utf8)
        )
    }

    @Test("a value is sealed in the store under a version of its own, and listed without itself")
    func sets() throws {
        let first = try set("NPM_TOKEN", "hunter2-first\n")
        #expect(first.code == 0, "\(first.error)")
        #expect(first.error == "jobpass: set NPM_TOKEN in npm, version 1\n")
        #expect(try set("NPM_TOKEN", "hunter2-second").error.contains("version 2"))
        #expect(try set("OTHER", "hunter2-other").error.contains("version 1"))

        let list = try BuiltCommand.run(["secret", "list", "npm", "--config", configuration, "--json"])
        let secrets = try JSON.parse(Array(list.output.utf8))["secrets"]?.asArray ?? []
        #expect(secrets.map { $0["name"] } == ["NPM_TOKEN", "OTHER"])
        #expect(secrets.map { $0["version"] } == [2, 1])
        let table = try BuiltCommand.run(["secret", "list", "npm", "--config", configuration]).output
        #expect(table.hasPrefix("NAME       VERSION  CHANGED "))

        for name in try Files.list(directory.path) where name.hasPrefix("jobpass.db") {
            let bytes = String(decoding: try Files.read(directory.file(name)), as: UTF8.self)
            #expect(!bytes.contains("hunter2"), "\(name)")
            #expect(try Files.status(directory.file(name))?.mode == 0o600)
        }
    }

    @Test("a context that the configuration has not is named beside those it has")
    func unknownContext() throws {
        let result = try set("NPM_TOKEN", in: "nmp", "hunter2")
        #expect(result.code == 65)
        #expect(result.error.contains("\(configuration) has no context 'nmp', only npm"))
    }

    @Test("what no job could find under its name is refused", arguments: ["1ST", "A-B", "A B"])
    func badName(name: String) throws {
        let result = try set(name, "hunter2")
        #expect(result.code == 65)
        #expect(result.error.contains("'\(name)' is no name of a secret"))
    }

    @Test("a call that names a broker and a store is refused")
    func both() throws {
        let result = try BuiltCommand.run(
            ["secret", "list", "npm", "--config", configuration, "--url", "https://ci.example.com"]
        )
        #expect(result.code == 64)
    }

    @Test("without its master key, or with another, nothing is changed and the answer says what to do")
    func masterKey() throws {
        #expect(try set("NPM_TOKEN", "hunter2").code == 0)
        let other = try ScenarioDirectory()
        #expect(try BuiltCommand.run(["init", other.path]).code == 0)
        try Files.replace(directory.file("keys/master.key"), try Files.read(other.file("keys/master.key")))
        let wrong = try set("NPM_TOKEN", "hunter3")
        #expect(wrong.code == 78 && wrong.error.contains("put the copy of it back"), "\(wrong.error)")
        try Files.remove(directory.file("keys/master.key"))
        let missing = try set("NPM_TOKEN", "hunter4")
        #expect(missing.code == 78 && missing.error.contains("there is no master key at"), "\(missing.error)")
        #expect(!(wrong.error + missing.error).contains("hunter"))
    }

    @Test("two administrators at once both get a version, or one is told of the other")
    func together() throws {
        let script = """
            for n in 1 2 3 4 5 6 7 8; do
                echo "value $n" | "$JOBPASS" secret set npm SHARED --config "$1" 2>> "$1.said" &
            done
            wait
            """
        let run = try BuiltCommand.shell("set -- '\(configuration)'; \(script)")
        #expect(run.code == 0)
        let said = try Files.readText("\(configuration).said").split(separator: "\n")
        let done = said.filter { $0.contains("set SHARED in npm, version") }
        let told = said.filter { $0.contains("somebody else changed the same secret in between") }
        #expect(!done.isEmpty && done.count + told.count >= 8, "\(said)")
        #expect(Set(done).count == done.count, "two were told the same version: \(done)")
        let list = try BuiltCommand.run(["secret", "list", "npm", "--config", configuration, "--json"])
        let version = try JSON.parse(Array(list.output.utf8))["secrets"]?.asArray?.first?["version"]
        #expect(version == .integer(Int64(done.count)))
    }

    @Test("a store whose ledger was signed with another key is not added to")
    func otherKey() throws {
        let other = try ScenarioDirectory()
        #expect(try BuiltCommand.run(["init", other.path]).code == 0)
        try Files.replace(directory.file("keys/ledger.pem"), try Files.read(other.file("keys/ledger.pem")))
        let result = try set("NPM_TOKEN", "hunter2")
        #expect(result.code == 78, "\(result.error)")
        #expect(result.error.contains("ledger"))
        #expect(!result.error.contains("hunter2"))
    }
}
