import Encoding
import JSON
import POSIX
import Postgres
import Support
import Testing

extension Scenarios {
    /// What several brokers on one database promise.
    @Suite("Brokers that share a PostgreSQL database")
    struct SharedStoreScenarios {
        /// How often a broker is killed, and every fourth time the database instead.
        ///
        /// A hundred take minutes: `JOBPASS_KILLS=100 deploy/test --filter SharedStoreScenarios`.
        private static let kills = Environment.current["JOBPASS_KILLS"].flatMap { Int($0) } ?? 8

        @Test("one gives tokens to runs of the other, and refuses at once those that the other has ended")
        func together() throws {
            let site = try SharedSite()
            let brokers = try [site.serve(0), site.serve(1)]
            let job = try site.register(at: 0)
            let first = try site.token(at: 1, job)
            #expect(first.status == 200, "\(first)")
            let second = try site.token(at: 0, job)
            #expect(second.json["ledger_index"]?.asInteger == (first.json["ledger_index"]?.asInteger).map { $0 + 1 })
            let ended = try Call(
                "DELETE",
                "\(site.url(0))/v1/runs/\(job.id)",
                token: site.orchestrator
            )
            #expect(ended.status == 204, "\(ended)")
            let refused = try site.token(at: 1, job)
            #expect(refused.status == 401, "\(refused)")
            #expect(refused.json["error"] == "invalid_token")
            // A checkpoint that the other broker has not signed covers what it was asked for.
            let checkpoints = try (0..<2).map { try Call("GET", "\(site.url($0))/log/checkpoint").body }
            #expect(checkpoints[0] == checkpoints[1])
            let verified = try site.command(["audit", "verify", "--config", site.configuration(0)])
            #expect(verified.code == 0, "\(verified)")
            for broker in brokers { #expect(broker.stop() == .exited(0)) }
        }

        @Test("without the database nothing leaves and nobody waits, and with it they go on by themselves")
        func outage() throws {
            let site = try SharedSite()
            let broker = try site.serve(0)
            let job = try site.register(at: 0)
            #expect(try site.token(at: 0, job).status == 200)
            try site.cluster.kill()
            for _ in 0..<20 {
                let refused = try site.token(at: 0, job)
                #expect(refused.status == 503, "\(refused)")
                #expect(refused.json["error"] == "unavailable")
                #expect(refused.json["value"] == nil)
            }
            let readiness = try Call("GET", "\(site.url(0))/readyz")
            #expect(readiness.status == 503, "\(readiness)")
            #expect(!broker.said.contains("password of the tests"))
            try site.cluster.start()
            try broker.wait(until: "a token again") { try site.token(at: 0, job).status == 200 }
            #expect(try Call("GET", "\(site.url(0))/readyz").status == 200)
            broker.stop()
        }

        @Test(
            "one killed again and again and the database restarted twice: every token that left is in the ledger, once"
        )
        func killed() throws {
            let site = try SharedSite()
            let list = try site.folder.write("received", "")
            let gate = try site.folder.write("gate", "")
            var brokers = try [site.serve(0), site.serve(1)]
            let job = try site.register(at: 0)
            let load = try Running(
                "load",
                in: site.folder,
                try RelyingParty.program("python"),
                [RelyingParty.script("load_brokers.py"), "load.example", "16", list, gate, site.url(0), site.url(1)],
                environment: ["JOBPASS_REQUEST_TOKEN": job.requestToken]
            )
            for round in 0..<Self.kills {
                let before = try Files.read(list).count
                try load.wait(until: "tokens received") { try Files.read(list).count > before + 8_192 }
                if round % 4 == 3 {
                    try site.cluster.kill()
                    try site.cluster.start()
                } else {
                    brokers[round % 2].kill()
                    brokers[round % 2] = try site.serve(round % 2)
                }
            }
            try Files.remove(gate)
            try load.wait(until: "ended") { load.hasEnded }
            #expect(load.kill() == .exited(0), "\(load.said)")
            let checkpoint = try site.folder.write("checkpoint", try Call("GET", "\(site.url(1))/log/checkpoint").body)
            let key = try site.folder.write("key", try Call("GET", "\(site.url(0))/log/key").body)
            let checked = try Finished(
                try RelyingParty.program("python"),
                [RelyingParty.script("check_ledger.py"), site.store, checkpoint, key, list]
            )
            #expect(checked.code == 0, "\(checked)\n\(brokers[0].said)\n\(brokers[1].said)")
            let verified = try site.command(["audit", "verify", "--config", site.configuration(0)])
            #expect(verified.code == 0, "\(verified)")
            for broker in brokers { broker.stop() }
        }

        @Test(
            "a project that one revokes under load gets no token from any after the answer, and each that came is named"
        )
        func revoked() throws {
            let site = try SharedSite()
            let brokers = try [site.serve(0), site.serve(1)]
            let job = try site.register(at: 0)
            let run = try Finished(
                try RelyingParty.program("python"),
                [RelyingParty.script("revoke_brokers.py"), "load.example", "16", "acme/web", site.url(0), site.url(1)],
                environment: [
                    "JOBPASS_REQUEST_TOKEN": job.requestToken, "JOBPASS_ADMINISTRATOR_TOKEN": site.administrator,
                ]
            )
            #expect(run.code == 0, "\(run)")
            let seen = try JSON.parse(Array(run.output.utf8))
            #expect(seen["failures"] == [], "\(seen.text)\n\(brokers[0].said)\n\(brokers[1].said)")
            #expect(try #require(seen["tokens"]?.asInteger) >= 400)
            #expect(seen["late"] == 0, "\(seen.text)")
            #expect(seen["unnamed"] == 0, "\(seen.text)")
            #expect(seen["complete"] == true)
            #expect(seen["brokers_that_refused"] == 2)
            try site.run([["audit", "verify", "--config", site.configuration(0)]])
            for broker in brokers { #expect(broker.stop() == .exited(0)) }
        }

        @Test("a store moves while its broker serves, is copied and brought back, and every ledger verifies")
        func moved() throws {
            let site = try SharedSite()
            // The first broker begins with a file of its own, by the same keys.
            let file = site.folder.path("site/jobpass.db")
            let backup = site.folder.path("backup.db")
            try site.run([["store", "backup", backup, "--config", site.configuration(0)]])
            try site.writeConfiguration(1, store: "sqlite:\(file)")
            try site.run([["store", "restore", backup, "--config", site.configuration(1)]])
            let broker = try site.serve(1)
            let list = try site.folder.write("received", "")
            let gate = try site.folder.write("gate", "")
            let job = try site.register(at: 1)
            let load = try Running(
                "load",
                in: site.folder,
                try RelyingParty.program("python"),
                [RelyingParty.script("load_brokers.py"), "load.example", "8", list, gate, site.url(1)],
                environment: ["JOBPASS_REQUEST_TOKEN": job.requestToken]
            )
            try load.wait(until: "tokens received") { try Files.read(list).count > 8_192 }
            let target = try site.cluster.url(of: site.cluster.database(), passfile: site.folder.path("pgpass"))
            try site.run([
                ["store", "backup", site.folder.path("live.db"), "--config", site.configuration(1)],
                ["store", "migrate", "--to", target, "--config", site.configuration(1)],
            ])
            try Files.remove(gate)
            try load.wait(until: "ended") { load.hasEnded }
            #expect(load.kill() == .exited(0), "\(load.said)")
            let refused = try site.token(at: 1, job)
            #expect(refused.status == 503, "the old store takes entries: \(refused)")
            broker.stop()
            try site.writeConfiguration(1, store: target)
            let moved = try site.serve(1)
            #expect(try site.token(at: 1, job).status == 200, "the run did not come along")
            let checkpoint = try site.folder.write("checkpoint", try Call("GET", "\(site.url(1))/log/checkpoint").body)
            let key = try site.folder.write("key", try Call("GET", "\(site.url(1))/log/key").body)
            let checked = try Finished(
                try RelyingParty.program("python"),
                [RelyingParty.script("check_ledger.py"), target, checkpoint, key, list]
            )
            #expect(checked.code == 0, "\(checked)\n\(moved.said)")
            try site.run([["audit", "verify", "--config", site.configuration(1)]])
            moved.stop()
        }
    }
}

/// Two brokers as an operator sets them up: one database, the same keys, and an address each.
struct SharedSite {
    let folder: Folder
    let cluster: PostgresCluster
    /// The connection string, with the file that holds the password.
    let store: String
    let orchestrator = Self.newToken()
    let administrator = Self.newToken()
    private let ports: [UInt16]

    /// `keys` are further lines of that section.
    init(keys: String = "") throws {
        folder = try Folder()
        cluster = try PostgresCluster()
        store = try cluster.url(of: cluster.database(), passfile: folder.path("pgpass"))
        ports = try [FreePort.next(), FreePort.next()]
        try Files.makeDirectory(folder.path("site"))
        for number in 0..<2 { try writeConfiguration(number, store: store, keys: keys) }
        let made = try command(["init", "--config", configuration(0)])
        try #require(made.code == 0, "\(made)")
    }

    /// Writes the configuration of a broker, with its store.
    func writeConfiguration(_ number: Int, store: String, keys: String = "") throws {
        try folder.write(
            "site/\(number).yaml",
            """
            issuer: \(url(0))
            listen: 127.0.0.1:\(ports[number])
            store: \(store)
            keys:
              directory: \(folder.path("site/keys"))
              algorithms: [ES256, RS256]
            \(keys)
            principals:
              - name: orchestrator
                role: orchestrator
                token_sha256: \(try SharedSite.digest(orchestrator))
                projects: ["acme/*"]
              - name: administrator
                role: administrator
                token_sha256: \(try SharedSite.digest(administrator))
            audiences:
              - audience: load.example
                allow: [{project: "acme/*"}]
            limits: {run_rate: 1000000, tokens_per_run: 1000000000}
            """
        )
    }

    func url(_ number: Int) -> String { "http://127.0.0.1:\(ports[number])" }

    func configuration(_ number: Int) -> String { folder.path("site/\(number).yaml") }

    /// Starts a broker and waits until it is ready.
    func serve(_ number: Int) throws -> Running {
        let running = try Running(
            "broker-\(number)",
            in: folder,
            try BuiltCommand.path(),
            ["serve", "--config", configuration(number)]
        )
        try running.wait(until: "ready") { try Call("GET", "\(url(number))/readyz").status == 200 }
        return running
    }

    func register(at number: Int) throws -> Job {
        let body: JSON = [
            "project": "acme/web", "workflow": "deploy", "job": "release", "trust": "trusted", "expires_in": 3600,
        ]
        let call = try Call("POST", "\(url(number))/v1/runs", token: orchestrator, body: body.serialized())
        try #require(call.status == 201, "\(call)")
        return try Job(call.json)
    }

    func token(at number: Int, _ job: Job) throws -> Call {
        try Call("GET", "\(url(number))/v1/token?audience=load.example", token: job.requestToken)
    }

    /// Runs commands that must succeed.
    func run(_ commands: [[String]]) throws {
        for arguments in commands {
            let run = try command(arguments)
            try #require(run.code == 0, "\(arguments): \(run)")
        }
    }

    func command(_ arguments: [String]) throws -> Finished { try Finished(try BuiltCommand.path(), arguments) }

    private static func newToken() -> String { Hex.encode((0..<32).map { _ in UInt8.random(in: .min ... .max) }) }

    private static func digest(_ token: String) throws -> String {
        let run = try Finished("sha256sum", [], input: token)
        return String(run.output.prefix(64))
    }
}
