import JSON
import POSIX
import Support
import Testing

/// Programs that know nothing of Jobpass, from the Python environment that `deploy/test` makes.
enum RelyingParty {
    private static let checkout = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// A program of the Python environment.
    static func program(_ name: String) throws -> String {
        let path = "\(checkout)/.build/python/bin/\(name)"
        guard try Files.status(path) != nil else {
            Issue.record("\(path) is missing: run deploy/test, or deploy/install --tests")
            throw ScenarioError.notInstalled(name)
        }
        return path
    }

    /// A script of `Tests/RelyingParties`.
    static func script(_ name: String) -> String { "\(checkout)/Tests/RelyingParties/\(name)" }

    /// A file of the checkout.
    static func file(_ path: String) -> String { "\(checkout)/\(path)" }

    /// The claims of a token that PyJWT accepts by the discovery document of its issuer alone.
    static func claims(of token: String, issuer: String, audience: String) throws -> JSON {
        let run = try Finished(try program("python"), [script("verify_token.py"), issuer, audience], input: token)
        try #require(run.code == 0, "PyJWT refuses the token: \(run)")
        return try JSON.parse(Array(run.output.utf8))
    }
}

/// A real OpenBao server in memory, with the role of `deploy/vault/trust`.
final class OpenBao: Sendable {
    let url: String
    let server: Running
    private let environment: [String: String]

    init(in folder: Folder) throws {
        let port = try FreePort.next()
        url = "http://127.0.0.1:\(port)"
        environment = [
            "BAO_ADDR": url, "BAO_TOKEN": "root", "BAO": try RelyingParty.program("bao"), "HOME": folder.root,
        ]
        server = try Running(
            "openbao",
            in: folder,
            try RelyingParty.program("bao"),
            [
                "server", "-dev", "-dev-root-token-id=root", "-dev-no-store-token",
                "-dev-listen-address=127.0.0.1:\(port)",
            ],
            environment: ["HOME": folder.root]
        )
        try server.wait(until: "unsealed") { try Call("GET", "\(url)/v1/sys/health").status == 200 }
    }

    /// Lets one job of one project in, by the script that an operator would use.
    func trust(issuer: String, audience: String, job: String) throws {
        let subject = "project:acme/web:ref:refs/heads/main:workflow:deploy:job:\(job)"
        let run = try Finished(
            RelyingParty.file("deploy/vault/trust"),
            [issuer, audience, "acme/web", job, subject],
            environment: environment
        )
        try #require(run.code == 0, "\(run)")
    }

    /// Runs OpenBao's own client as its administrator.
    @discardableResult
    func run(_ arguments: [String], input: String = "", mayFail: Bool = false) throws -> Finished {
        let run = try Finished(try RelyingParty.program("bao"), arguments, environment: environment, input: input)
        if !mayFail { try #require(run.code == 0, "bao \(arguments): \(run)") }
        return run
    }

    /// How many tokens live there.
    func tokens() throws -> Int {
        let list = try run(["list", "-format=json", "auth/token/accessors"])
        return try JSON.parse(Array(list.output.utf8)).asArray?.count ?? 0
    }

    /// Runs a script that calls OpenBao's own client, as its administrator would.
    func script(_ path: String) throws {
        let run = try Finished(path, [], environment: environment)
        try #require(run.code == 0, "\(path): \(run)")
    }
}
