import JSON
import POSIX
import SQLite
import Support
import Testing

extension Scenarios {
    /// What an earlier command asked, asked of the present broker; and a store that an earlier broker left.
    @Suite("A broker of this release takes an earlier one's clients and store")
    struct SkewBrokerScenarios {
        private let folder: Folder
        private let site: Site
        private let cloud: UInt16

        init() throws {
            folder = try Folder()
            cloud = try FreePort.next()
            site = try Site(
                """
                audiences:
                  - {audience: https://service.example.com, allow: [{project: acme/web}]}
                targets:
                  aws-prod:
                    type: aws
                    role: arn:aws:iam::123456789012:role/deploy
                    region: eu-west-1
                    endpoint: http://127.0.0.1:\(cloud)
                    allow: [{project: acme/web}]
                  bare: {type: none, audience: bare, allow: [{project: acme/web}]}
                contexts:
                  ci: {allow: [{project: acme/web}]}
                """,
                in: folder
            )
            let set = try site.command(["secret", "set", "ci", "DB_PASSWORD"], input: "s3cret")
            try #require(set.code == 0, "\(set)")
        }

        /// Asks the broker what a client of another release asked, with its fields, as who it was.
        private func ask(
            _ exchange: SkewScenarios.Exchange,
            at target: String,
            as token: String,
            fields: [String] = []
        ) throws -> Call {
            var arguments = [
                "--silent", "--max-time", "20", "--request", exchange.method, "--write-out", "\n%{http_code}",
            ]
            for field in exchange.fields.map({ "\($0.name): \($0.value)" }) + fields + [
                "Authorization: Bearer \(token)"
            ] {
                arguments += ["--header", field]
            }
            if !exchange.body.isEmpty { arguments += ["--data-binary", exchange.body] }
            return try Call(curl: Finished("curl", arguments + [site.url + target]))
        }

        /// What an earlier client would miss in an answer: members that are gone, or of another kind.
        private func missing(from answer: JSON?, of recorded: JSON, at place: String = "") -> [String] {
            switch recorded {
            case .object(let object):
                return object.members.flatMap { member in
                    missing(from: answer?[member.name], of: member.value, at: "\(place)/\(member.name)")
                }
            case .array(let list):
                guard let found = answer?.asArray else { return [place] }
                // Of entries there are others here: one of them has whatever each had.
                return list.flatMap { item in
                    found.map { missing(from: $0, of: item, at: "\(place)[]") }.min { $0.count < $1.count } ?? [place]
                }
            case .string: return answer?.asString == nil ? [place] : []
            case .integer: return answer?.asInteger == nil ? [place] : []
            case .null: return answer == nil ? [place] : []
            case .bool, .number: return answer == recorded ? [] : [place]
            }
        }

        @Test("each request of an earlier command has its status, and every member that was answered then")
        func earlierClient() throws {
            let sandbox = try Running(
                "sandbox",
                in: folder,
                try BuiltCommand.path(),
                ["sandbox", "--listen", "127.0.0.1:\(cloud)", "--issuer", site.url]
            )
            let broker = try site.serve()
            try sandbox.wait(until: "listening") { try Call("GET", "http://127.0.0.1:\(cloud)/").status != 0 }
            let job = try site.register()
            var registered: String?
            for recorded in SkewScenarios.recorded {
                for exchange in recorded.exchanges {
                    let token = Site.Principal(rawValue: exchange.role).map(site.token) ?? job.requestToken
                    let target = exchange.method == "DELETE" ? "/v1/runs/\(registered ?? "")" : exchange.target
                    let call = try ask(exchange, at: target, as: token)
                    #expect(call.status == exchange.status, "\(recorded.name): \(call)")
                    #expect(missing(from: call.json, of: exchange.answer) == [], "\(recorded.name): \(call)")
                    if exchange.path == "/v1/runs" { registered = call.json["id"]?.asString ?? registered }
                }
            }
            try later(job)
            #expect(broker.stop() == .exited(0))
            sandbox.stop()
        }

        /// What a later client may send: fields and options that change nothing are left alone; what the broker was asked to
        /// keep, or to choose entries by, and does not know is refused by its name.
        private func later(_ job: Job) throws {
            let token = try #require(SkewScenarios.recorded.first { $0.name == "token" }).exchanges[0]
            let fields = ["User-Agent: jobpass/99.0.0", "Later-Field: 1", "Accept: application/json;version=99"]
            let taken = try ask(token, at: "\(token.target)&later=1", as: job.requestToken, fields: fields)
            #expect(taken.status == 200, "\(taken)")
            let body = Array(#"{"project": "acme/web", "workflow": "w", "job": "j", "later": "x"}"#.utf8)
            let registered = try Call("POST", "\(site.url)/v1/runs", token: site.token(.orchestrator), body: body)
            #expect(registered.status == 400 && registered.body.contains("'later'"), "\(registered)")
            let list = try Call("GET", "\(site.url)/v1/audit/entries?later=x", token: site.token(.auditor))
            #expect(list.status == 400 && list.body.contains("'later'"), "\(list)")
            let nowhere = try Call("POST", "\(site.url)/v1/later", token: job.requestToken, body: [])
            #expect(nowhere.status == 404 && nowhere.json["error"] == "not_found", "\(nowhere)")
        }

        @Test(
            "a store of the version before is brought forward as it is opened: its run goes on, and its ledger verifies"
        )
        func earlierStore() throws {
            let first = try site.serve()
            let job = try site.register()
            let token = ["token", "--audience", "https://service.example.com"]
            #expect(try job.command(token).code == 0)
            let entries = try site.entries("limit=100").count
            #expect(first.stop() == .exited(0))
            try makeEarlier()
            #expect(try version() == 2)
            let second = try site.serve()
            #expect(try version() == 3)
            #expect(try job.command(token).code == 0)
            let read = try Call("GET", "\(site.url)/v1/contexts/ci", token: job.requestToken)
            #expect(read.json["values"]?["DB_PASSWORD"] == "s3cret", "\(read)")
            #expect(try site.entries("limit=100").count >= entries + 2)
            #expect(second.stop() == .exited(0))
            let verified = try site.command(["audit", "verify"])
            #expect(verified.code == 0, "\(verified)")
        }

        @Test("a store of a later version is refused, with both versions named, and left as it is")
        func laterStore() throws {
            try SQLiteConnection(path: site.store, mode: .readWrite).execute("PRAGMA user_version = 4")
            let before = try Files.read(site.store)
            let run = try site.command(["serve"])
            #expect(run.code == 78, "\(run)")
            #expect(run.error.contains("version 4") && run.error.contains("3"), "\(run)")
            #expect(try Files.read(site.store) == before)
        }

        private func version() throws -> Int64 {
            try SQLiteConnection(path: site.store, mode: .readOnly).integer("PRAGMA user_version")
        }

        /// Puts what the store holds into the tables that the earlier commit made.
        private func makeEarlier() throws {
            let earlier = folder.path("earlier.db")
            try Files.writeNew(earlier, [])
            let connection = try SQLiteConnection(path: earlier, mode: .readWrite)
            try connection.execute(String(decoding: Vectors.bytes("store-8c511ea.sql"), as: UTF8.self))
            var copy = "ATTACH '\(site.store)' AS present;"
            for table in ["store", "ledger_head", "ledger_entries", "ledger_tiles", "runs", "secrets", "inventory"] {
                copy += "INSERT INTO main.\(table) SELECT * FROM present.\(table);"
            }
            try connection.execute(copy)
            for name in try Files.list(folder.path("site")) where name.hasPrefix("jobpass.db") {
                try Files.remove(folder.path("site/\(name)"))
            }
            try Files.replace(site.store, Files.read(earlier))
        }
    }
}
