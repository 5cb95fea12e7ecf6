import Encoding
import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// Issuers' keys in SoftHSM2, which they never leave.
    @Suite("Keys in a PKCS#11 token")
    struct TokenKeyScenarios {
        @Test("are made there, sign there, turn over and are destroyed there, and PyJWT takes what they sign")
        func life() throws {
            let site = try TokenSite()
            try site.run("init")
            #expect(try Files.list(site.folder.path("site/keys")).allSatisfy { !$0.hasSuffix("trusted") })
            let broker = try site.serve()
            let job = try site.register()
            for algorithm in TokenSite.algorithms {
                let token = try site.token(job, algorithm)
                let value = try #require(token.json["value"]?.asString, "\(token)")
                let claims = try RelyingParty.claims(of: value, issuer: site.url, audience: "\(algorithm).example")
                #expect(claims["project"] == "acme/web")
            }
            let old = try site.kid(job)
            #expect(try site.soft.objects().contains("jobpass ES256 \(old)"))
            let prepared = try site.run("keys", "prepare", "--algorithm", "ES256", "--ring", "trusted", "--json")
            let new = try #require(
                JSON.parse(Array(prepared.utf8))["keys"]?.asArray?.first { $0["state"] == "prepared" }?["kid"]?.asString
            )
            try site.run("keys", "activate", new, "--when-ready")
            try broker.wait(until: "the new key signs") { try site.kid(job) == new }
            try site.run("keys", "revoke", old)
            let objects = try site.soft.objects()
            #expect(objects.contains(new) && !objects.contains(old), "\(objects)")
            broker.stop()
            let again = try site.serve()
            #expect(try site.kid(job) == new)
            again.stop()
        }

        @Test("that is taken away lets no token out and says so, and with it the broker goes on by itself")
        func away() throws {
            let site = try TokenSite()
            try site.run("init")
            let broker = try site.serve()
            let job = try site.register()
            #expect(try site.token(job).status == 200)
            try site.soft.take(away: true)
            let refused = try site.token(job)
            #expect(refused.status == 503, "\(refused)")
            #expect(refused.json["error_description"]?.asString?.contains("token that holds the signing key") ?? false)
            try broker.wait(until: "not ready") { try Call("GET", "\(site.url)/readyz").status == 503 }
            #expect(try Call("GET", "\(site.url)/.well-known/jwks.json").status == 200, "public halves need no token")
            try site.soft.take(away: false)
            try broker.wait(until: "a token again") { try site.token(job).status == 200 }
            try broker.wait(until: "ready again") { try Call("GET", "\(site.url)/readyz").status == 200 }
            #expect(!broker.said.contains(SoftToken.pin))
            broker.stop()
        }

        @Test("that answers late holds up nobody who needs it not; when its service is there again the broker goes on")
        func late() throws {
            let site = try TokenSite()
            let socket = site.folder.path("socket")
            let server = try TokenServer(site.soft, at: socket)
            let surroundings = server.environment
            // p11-kit 0.24.1 brings no calls of Ed25519 across.
            try site.writeConfiguration(module: TokenServer.module, algorithms: ["ES256"])
            try site.run("init", in: surroundings)
            let broker = try site.serve(in: surroundings)
            let job = try site.register()
            #expect(try site.token(job).status == 200)
            server.hold(true)
            let address = "\(site.url)/v1/token?audience=ES256.example"
            let head = "Authorization: Bearer \(job.requestToken)"
            let waiting = try Running("late", in: site.folder, "curl", ["-s", "-m", "60", "-H", head, address])
            for _ in 0..<20 {
                #expect(try Call("GET", "\(site.url)/.well-known/jwks.json").status == 200)
                #expect(try site.register().requestToken != job.requestToken)
            }
            #expect(!waiting.hasEnded && waiting.said.isEmpty, "\(waiting.said)")
            server.hold(false)
            try broker.wait(until: "the late token") { waiting.said.contains("\"value\"") }
            server.end()
            #expect(try site.token(job).status == 503)
            let another = try TokenServer(site.soft, at: socket)
            try broker.wait(until: "a token again") { try site.token(job).status == 200 }
            broker.stop()
            another.end()
        }

        @Test("with a wrong PIN, module or name the check says which; bench measures the token beside OpenSSL")
        func checked() throws {
            let site = try TokenSite()
            try site.run("init")
            try site.run("config", "check")
            let bench = try site.run("bench", "--duration", "1s", "--connections", "4", "--json")
            let answer = try JSON.parse(Array(bench.utf8))
            #expect(answer["openssl_signatures_per_second"] != nil)
            guard case .number(let rate)? = answer["pkcs11_signatures_per_second"] else {
                Issue.record("no rate of the token: \(bench)")
                return
            }
            #expect(rate > 0)
            try Files.replace(site.pin, Array("999999\n".utf8))
            #expect(try site.fails("config", "check").contains("logging in"))
            try Files.replace(site.pin, Array("\(SoftToken.pin)\n".utf8))
            try site.writeConfiguration(token: "pkcs11:token=other")
            #expect(try site.fails("config", "check").contains("no token 'pkcs11:token=other'"))
            try site.writeConfiguration(module: "/usr/lib/softhsm/none.so")
            #expect(try site.fails("config", "check").contains("/usr/lib/softhsm/none.so"))
            try site.writeConfiguration(token: "pkcs11:token=jobpass?pin-value=\(SoftToken.pin)")
            let told = try site.fails("config", "check")
            #expect(told.contains("keys.pkcs11.token") && !told.contains(SoftToken.pin), "\(told)")
        }
    }
}

/// A broker as an operator sets it up whose keys are in a token.
private struct TokenSite {
    static let algorithms = ["ES256", "RS256", "EdDSA"]

    let folder: Folder
    let soft: SoftToken
    let pin: String
    private let port: UInt16
    private let orchestrator = Hex.encode((0..<32).map { _ in UInt8.random(in: .min ... .max) })

    init() throws {
        folder = try Folder()
        soft = try SoftToken(in: folder.root)
        pin = folder.path("pin")
        port = try FreePort.next()
        try Files.writeNew(pin, Array("\(SoftToken.pin)\n".utf8))
        try Files.makeDirectory(folder.path("site"))
        try writeConfiguration()
    }

    var url: String { "http://127.0.0.1:\(port)" }
    private var configuration: String { folder.path("site/jobpass.yaml") }

    func writeConfiguration(
        token: String = "pkcs11:token=jobpass",
        module: String = SoftToken.module,
        algorithms: [String] = Self.algorithms
    ) throws {
        let audiences = algorithms.map {
            "  - {audience: \($0).example, algorithm: \($0), allow: [{project: \"acme/*\"}]}"
        }
        let digest = try Finished("sha256sum", [], input: orchestrator).output.prefix(64)
        try folder.write(
            "site/jobpass.yaml",
            """
            issuer: \(url)
            listen: 127.0.0.1:\(port)
            store: sqlite:\(folder.path("site/jobpass.db"))
            keys:
              directory: \(folder.path("site/keys"))
              algorithms: [\(algorithms.joined(separator: ", "))]
              cache_time: 1s
              place: pkcs11
              pkcs11:
                module: \(module)
                token: "\(token)"
                pin_file: \(pin)
            principals:
              - {name: orchestrator, role: orchestrator, token_sha256: \(digest), projects: ["acme/*"]}
            audiences:
            \(audiences.joined(separator: "\n"))
            """
        )
    }

    private func command(_ arguments: [String], in surroundings: [String: String] = [:]) throws -> Finished {
        try Finished(
            try BuiltCommand.path(),
            arguments + ["--config", configuration],
            environment: soft.environment.merging(["TMPDIR": folder.root]) { first, _ in first }
                .merging(surroundings) { first, _ in first }
        )
    }

    /// Runs a command that must succeed, and answers what it wrote.
    @discardableResult
    func run(_ arguments: String..., in surroundings: [String: String] = [:]) throws -> String {
        let run = try command(arguments, in: surroundings)
        try #require(run.code == 0, "\(arguments): \(run)")
        return run.output
    }

    /// Runs a command that must refuse the configuration, and answers what it said.
    func fails(_ arguments: String...) throws -> String {
        let run = try command(arguments)
        #expect(run.code == 78, "\(arguments): \(run)")
        return run.output + run.error
    }

    func serve(in surroundings: [String: String] = [:]) throws -> Running {
        let running = try Running(
            "broker",
            in: folder,
            try BuiltCommand.path(),
            ["serve", "--config", configuration],
            environment: soft.environment.merging(surroundings) { first, _ in first }
        )
        try running.wait(until: "ready") { try Call("GET", "\(url)/readyz").status == 200 }
        return running
    }

    func register() throws -> Job {
        let body: JSON = [
            "project": "acme/web", "workflow": "deploy", "job": "release", "trust": "trusted", "expires_in": 3600,
        ]
        let call = try Call("POST", "\(url)/v1/runs", token: orchestrator, body: body.serialized())
        try #require(call.status == 201, "\(call)")
        return try Job(call.json)
    }

    func token(_ job: Job, _ algorithm: String = "ES256") throws -> Call {
        try Call("GET", "\(url)/v1/token?audience=\(algorithm).example", token: job.requestToken)
    }

    /// The key that signs the run's ES256 tokens.
    func kid(_ job: Job) throws -> String {
        let call = try token(job)
        let head = try #require(call.json["value"]?.asString?.split(separator: ".").first, "\(call)")
        return try #require(JSON.parse(try Base64URL.decode(String(head)))["kid"]?.asString)
    }
}
