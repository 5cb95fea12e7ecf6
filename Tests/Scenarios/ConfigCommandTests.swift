import JSON
import POSIX
import Support
import Testing

@Suite("The check of a configuration")
struct ConfigCommandTests {
    let directory: ScenarioDirectory
    var configuration: String { directory.file("jobpass.yaml") }

    init() throws {
        directory = try ScenarioDirectory()
        let made = try BuiltCommand.run(["init", directory.path])
        try #require(made.code == 0, "\(made.error)")
    }

    private func check(_ arguments: String...) throws -> BuiltCommand.Result {
        try BuiltCommand.run(["config", "check", "--config", configuration] + arguments)
    }

    @Test("a mistake is told with file, line, column and what mends it")
    func mistake() throws {
        let text = try Files.readText(configuration).replacing("algorithms:", with: "algoritms:")
        try Files.replace(configuration, Array(text.utf8))
        let result = try check()
        #expect(result.code == 78 && result.output.isEmpty)
        #expect(result.error.contains("\(configuration):"))
        #expect(result.error.contains("did you mean 'algorithms'"), "\(result.error)")
        let json = try JSON.parse(Array(check("--json").output.utf8))
        #expect(json["good"] == false)
        #expect(json["problems"]?.asArray?.first?["line"]?.asInteger ?? 0 > 1)
    }

    @Test("keys that others may read, that are missing or that are not what they are called are told")
    func keys() throws {
        let trusted = directory.file("keys/trusted")
        let name = try #require(try Files.list(trusted).first)
        let path = Paths.join(trusted, name)
        let pem = try Files.read(path)

        try Files.replace(path, pem, mode: 0o640)
        let loose = try check()
        #expect(loose.code == 78)
        #expect(loose.error.contains("chmod 600 '\(path)'"), "\(loose.error)")

        try Files.remove(path)
        let missing = try check()
        #expect(missing.code == 78)
        #expect(missing.error.contains("\(trusted) has no key for ES256, which keys.algorithms names"))

        try Files.writeNew(Paths.join(trusted, "ES256-AAAAAAAA.pem"), pem)
        let renamed = try check()
        #expect(renamed.code == 78)
        #expect(renamed.error.contains("ES256-AAAAAAAA.pem holds the key "))
        #expect(renamed.error.contains("whose file is named \(name)"))

        try Files.remove(Paths.join(trusted, "ES256-AAAAAAAA.pem"))
        try Files.writeNew(path, Array("no key".utf8))
        let broken = try check("--json")
        #expect(broken.code == 78)
        #expect(broken.output.contains("\(path) holds no private key"), "\(broken.output)")
    }

    @Test("a master key that is none is told, without what the file holds")
    func masterKey() throws {
        try Files.replace(directory.file("keys/master.key"), Array("hunter2\n".utf8))
        let result = try check()
        #expect(result.code == 78)
        #expect(result.error.contains("keys/master.key"))
        #expect(!result.error.contains("hunter2"))
    }

    @Test("the configuration is found in the places that the contract names, in their order")
    func places() throws {
        let script = "cd '\(directory.path)' && \"$JOBPASS\" config check"
        #expect(try BuiltCommand.shell(script).output == "jobpass.yaml is good\n")
        let variable = try BuiltCommand.shell(script, ["JOBPASS_CONFIG": "/no/such.yaml"])
        #expect(variable.code == 78)
        #expect(variable.error.contains("/no/such.yaml:1:1: error: "))
        let option = try BuiltCommand.shell("\(script) --config jobpass.yaml", ["JOBPASS_CONFIG": "/no/such.yaml"])
        #expect(option.code == 0)
    }

    @Test(
        "without any configuration that is said, with how to make one",
        .enabled(if: (try? Files.status("/etc/jobpass/jobpass.yaml")) == .some(nil), "this machine has one of its own")
    )
    func none() throws {
        try Files.makeDirectory(directory.file("empty"))
        let result = try BuiltCommand.shell("cd '\(directory.file("empty"))' && \"$JOBPASS\" config check")
        #expect(result.code == 78)
        #expect(result.error.contains("there is no configuration") && result.error.contains("jobpass init DIR"))
    }
}
