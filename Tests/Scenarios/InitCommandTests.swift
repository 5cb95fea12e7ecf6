import Configuration
import Crypto
import POSIX
import Support
import Testing

/// A directory for one test, removed with everything in it at its end.
final class ScenarioDirectory: Sendable {
    let path: String

    init() throws { path = try Files.makeTemporaryDirectory("jobpass-scenario") }

    deinit { try? Files.removeTree(path) }

    func file(_ name: String) -> String { Paths.join(path, name) }
}

@Suite("A new broker")
struct InitCommandTests {
    let directory: ScenarioDirectory
    var broker: String { directory.file("broker") }
    var configuration: String { Paths.join(broker, "jobpass.yaml") }

    init() throws { directory = try ScenarioDirectory() }

    /// Every file and directory below a path, with its mode.
    private func modes(below path: String) throws -> [String: UInt32] {
        var modes: [String: UInt32] = [:]
        for name in try Files.list(path) {
            let child = Paths.join(path, name)
            let status = try #require(try Files.status(child))
            modes[child] = status.mode
            if status.kind == .directory { modes.merge(try self.modes(below: child)) { $1 } }
        }
        return modes
    }

    @Test("init makes what serve needs, closed to everyone else, and config check finds nothing wrong")
    func makes() throws {
        let result = try BuiltCommand.run(["init", broker])
        #expect(result.code == 0, "\(result.error)")
        #expect(result.error.isEmpty)
        #expect(result.output.contains("jobpass serve --config \(configuration)"))
        #expect(try Files.status(broker)?.mode == 0o700)
        for (path, mode) in try modes(below: broker) {
            let isDirectory = try Files.status(path)?.kind == .directory
            #expect(mode == (isDirectory ? 0o700 : 0o600), "\(path)")
        }
        let names = try Files.list(Paths.join(broker, "keys/trusted")).filter { $0.hasSuffix(".pem") }.map {
            $0.prefix(6)
        }
        #expect(names == ["ES256-", "RS256-"])
        #expect(try Files.list(Paths.join(broker, "keys/untrusted")).filter { $0.hasSuffix(".pem") }.count == 2)
        let check = try BuiltCommand.run(["config", "check", "--config", configuration])
        #expect(check.code == 0, "\(check.error)")
        #expect(check.output == "\(configuration) is good\n" && check.error.isEmpty)
    }

    @Test("each role's token is the one whose hash the configuration names, and stands nowhere else")
    func tokens() throws {
        let output = try BuiltCommand.run(["init", broker]).output
        let text = try Files.readText(configuration)
        for role in ["orchestrator", "administrator", "auditor"] {
            let token = try Files.readText(Paths.join(broker, "tokens/\(role).token"))
            #expect(token.hasPrefix("jpp_") && token.utf8.count == 47)
            #expect(text.contains("token_sha256: \(SHA256.hash(token).hex)"))
            #expect(!text.contains(token) && !output.contains(token))
        }
    }

    @Test(
        "a broker whose issuer is on loopback listens there, and another behind a proxy",
        arguments: [
            ("http://127.0.0.1:9443", "127.0.0.1:9443"), ("http://localhost:9443/ci", "localhost:9443"),
            ("http://[::1]:9443", "\"[::1]:9443\""), ("http://127.0.0.1", "127.0.0.1:80"),
            ("https://ci.example.com", "127.0.0.1:8080"),
        ]
    )
    func listens(issuer: String, address: String) throws {
        let result = try BuiltCommand.run(["init", broker, "--issuer", issuer])
        #expect(result.code == 0, "\(result.error)")
        #expect(try Files.readText(configuration).contains("\nlisten: \(address)\n"))
        #expect(try BuiltCommand.run(["config", "check", "--config", configuration]).code == 0)
    }

    @Test("two brokers share no key and no token")
    func differ() throws {
        #expect(try BuiltCommand.run(["init", broker]).code == 0)
        #expect(try BuiltCommand.run(["init", directory.file("other")]).code == 0)
        for (path, _) in try modes(below: broker) where try Files.status(path)?.kind == .regular {
            let twin = Paths.join(directory.file("other"), String(path.dropFirst(broker.count + 1)))
            if try Files.status(twin) != nil { #expect(try Files.read(path) != Files.read(twin), "\(path)") }
        }
    }

    @Test(
        "init changes nothing where a broker is",
        arguments: ["jobpass.yaml", "tokens", "keys/trusted", "jobpass.db", "keys/ledger.pem"]
    )
    func refuses(existing: String) throws {
        try Files.makeDirectory(broker)
        if existing.hasPrefix("keys/") { try Files.makeDirectory(Paths.join(broker, "keys")) }
        try Files.writeNew(Paths.join(broker, existing), [7])
        let before = try modes(below: broker)
        let result = try BuiltCommand.run(["init", broker])
        #expect(result.code == 78)
        #expect(result.error.contains("\(Paths.join(broker, existing)) is there already; nothing was made or changed"))
        #expect(try modes(below: broker) == before)
        #expect(try Files.read(Paths.join(broker, existing)) == [7])
    }

    @Test("init with a configuration makes what that names, with its algorithms")
    func fromConfiguration() throws {
        let file = directory.file("mine.yaml")
        let text = """
            issuer: https://ci.example.com
            store: sqlite:data/ledger.db
            keys:
              directory: secret/keys
              algorithms: [ES256, EdDSA]
            """
        try Files.writeNew(file, Array(text.utf8))
        try Files.makeDirectory(directory.file("data"))
        try Files.makeDirectory(directory.file("secret"))
        let result = try BuiltCommand.run(["init", "--config", file])
        #expect(result.code == 0, "\(result.error)")
        let names = try Files.list(directory.file("secret/keys/trusted")).filter { $0.hasSuffix(".pem") }.map {
            $0.prefix(6)
        }
        #expect(names == ["ES256-", "EdDSA-"])
        #expect(try Files.status(directory.file("data/ledger.db"))?.mode == 0o600)
        #expect(try Files.list(directory.path) == ["data", "mine.yaml", "secret"])
        #expect(try BuiltCommand.run(["init", "--config", file]).code == 78)
    }

    @Test("where the store cannot be made, the keys are not left behind")
    func undoes() throws {
        let file = directory.file("mine.yaml")
        let text = "issuer: https://ci.example.com\nstore: sqlite:missing/ledger.db\nkeys: {directory: keys}\n"
        try Files.writeNew(file, Array(text.utf8))
        let result = try BuiltCommand.run(["init", "--config", file])
        #expect(result.code == 74, "\(result.error)")
        #expect(try Files.list(directory.path) == ["mine.yaml"])
    }

    @Test("a directory that others may write into holds no broker")
    func looseDirectory() throws {
        try Files.makeDirectory(broker, mode: 0o777)
        let result = try BuiltCommand.run(["init", broker])
        #expect(result.code == 78)
        #expect(result.error.contains("run: chmod go-w '\(broker)'"))
        #expect(try Files.list(broker) == [])
    }

    @Test(
        "an issuer that no token can have is refused before anything is made",
        arguments: ["http://ci.example.com", "ci", "https://a/"]
    )
    func badIssuer(issuer: String) throws {
        let result = try BuiltCommand.run(["init", broker, "--issuer", issuer])
        #expect(result.code == 64)
        #expect(result.error.contains("init: --issuer: '\(issuer)' is none: "))
        #expect(try Files.list(directory.path) == [])
    }
}
