import Crypto
import Encoding
import JSON
import POSIX
import Support
import Testing

/// A broker as an operator sets it up: a folder with its configuration, keys and store, a port, and the built command.
final class Site: Sendable {
    /// The name and token of each principal that every site has.
    enum Principal: String, CaseIterable {
        case orchestrator
        case administrator
        case auditor
    }

    let folder: Folder
    let port: UInt16
    /// The path of the SQLite file.
    let store: String
    private let tokens: [Principal: String]

    /// Makes keys and a store by `jobpass init`, then writes the configuration that the scenario wants.
    ///
    /// `settings` are the sections `audiences`, `targets` and `contexts`, `keys` further lines of that section; the rest is the same
    /// for all. Two sites share their keys for RS256 unless `hasOwnKeys`.
    init(
        _ settings: String,
        in folder: Folder,
        store: String = "site/jobpass.db",
        keys: String = "",
        hasOwnKeys: Bool = false
    ) throws {
        self.folder = folder
        self.store = folder.path(store)
        port = try FreePort.next()
        tokens = Dictionary(uniqueKeysWithValues: Principal.allCases.map { ($0, Hex.encode(Entropy.bytes(32))) })
        try Files.makeDirectory(folder.path("site"))
        try folder.write(
            "site/jobpass.yaml",
            """
            issuer: \(url)
            listen: 127.0.0.1:\(port)
            store: sqlite:\(folder.path("site/jobpass.db"))
            keys: {directory: \(folder.path("site/keys")), algorithms: [\(hasOwnKeys ? "RS256, " : "")ES256]}
            """
        )
        let made = try Finished(try BuiltCommand.path(), ["init", "--config", configuration])
        try #require(made.code == 0, "\(made)")
        if !hasOwnKeys { try ReadyKeys.shared.get().put(into: folder.path("site/keys")) }
        try writeConfiguration(settings, keys: keys)
    }

    /// The issuer, and where the broker answers.
    var url: String { "http://127.0.0.1:\(port)" }

    /// The path of the configuration file.
    var configuration: String { folder.path("site/jobpass.yaml") }

    /// A principal's token.
    func token(_ principal: Principal) -> String { tokens[principal] ?? "" }

    /// Writes the configuration anew.
    func writeConfiguration(_ settings: String, keys: String = "", issuer: String? = nil) throws {
        let principals = Principal.allCases.map { principal in
            """
              - name: \(principal.rawValue)
                role: \(principal.rawValue)
                token_sha256: \(SHA256.hash(token(principal)).hex)
            \(principal == .orchestrator ? "    projects: [\"acme/*\"]\n    claims: [team]\n" : "")
            """
        }
        try folder.write(
            "site/jobpass.yaml",
            """
            issuer: \(issuer ?? url)
            listen: 127.0.0.1:\(port)
            store: sqlite:\(store)
            keys:
              directory: \(folder.path("site/keys"))
              algorithms: [RS256, ES256]
            \(keys)
            principals:
            \(principals.joined(separator: "\n"))
            \(settings.contains("limits:") ? "" : "limits: {run_rate: 1000000, tokens_per_run: 1000000000}")
            \(settings)
            """
        )
    }

    /// Starts the broker, through another program where one is given, and waits until it can sign and record.
    func serve(by wrapper: [String] = []) throws -> Running {
        let line = wrapper + [try BuiltCommand.path(), "serve", "--config", configuration]
        let running = try Running("broker", in: folder, line[0], Array(line.dropFirst()))
        try running.wait(until: "ready") { try answers("/readyz") }
        return running
    }

    /// Whether a path answers 200.
    func answers(_ path: String) throws -> Bool { try Call("GET", url + path).status == 200 }

    /// Runs the command as an operator on this host.
    func command(_ arguments: [String], input: String = "") throws -> Finished {
        try Finished(try BuiltCommand.path(), arguments + ["--config", configuration], input: input)
    }

    /// Registers a run, as a CI server does, and answers the environment that its job gets.
    func register(_ changes: JSONObject = [:]) throws -> Job {
        var body: JSONObject = [
            "project": "acme/web", "workflow": "deploy", "job": "release", "ref": "refs/heads/main",
            "trust": "trusted", "expires_in": 600,
        ]
        for change in changes.members { body[change.name] = change.value }
        let call = try Call(
            "POST",
            "\(url)/v1/runs",
            token: token(.orchestrator),
            body: JSON.object(body).serialized()
        )
        try #require(call.status == 201, "\(call)")
        return try Job(call.json)
    }

    /// The entries that an auditor reads, the newest first.
    func entries(_ query: String) throws -> [JSON] {
        let call = try Call("GET", "\(url)/v1/audit/entries?\(query)", token: token(.auditor))
        try #require(call.status == 200, "\(call)")
        return call.json["entries"]?.asArray ?? []
    }
}

/// A job run as the orchestrator handed it over.
struct Job: Sendable {
    let id: String
    var environment: [String: String]

    init(_ registered: JSON) throws {
        id = try #require(registered["id"]?.asString)
        let members = try #require(registered["environment"]?.asObject).members
        environment = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value.asString ?? "") })
    }

    var requestToken: String { environment["JOBPASS_REQUEST_TOKEN"] ?? "" }

    /// Runs the command inside the job.
    func command(_ arguments: [String], input: String = "") throws -> Finished {
        try Finished(try BuiltCommand.path(), arguments, environment: environment, input: input)
    }
}
