import Encoding
import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// A value that nothing but its job may see, looked for everywhere else.
    @Suite("A static secret's value is nowhere but in its job")
    struct MarkerScenarios {
        private static let marker = "MARKER-7f3a9c1e-hunter2"

        private let folder: Folder
        private let site: Site

        init() throws {
            folder = try Folder()
            site = try Site(
                """
                targets:
                  bao:
                    type: vault
                    address: http://127.0.0.1:9
                    role: deploy
                    audience: https://openbao.example
                    timeout: 1s
                    allow: [{project: acme/web}]
                    fallback: {context: web, until: 2099-12-31, reason: why}
                contexts:
                  web: {allow: [{project: acme/web, ref: refs/heads/main}]}
                log: {level: debug}
                """,
                in: folder
            )
        }

        /// The marker as it could stand somewhere: as it is, in base64 at each of its three places, in hex.
        private static let forms: [[UInt8]] = {
            let bytes = Array(marker.utf8)
            let shifted = (0..<3).map { shift in
                let text = Base64.encode(Array(repeating: UInt8(ascii: "x"), count: shift) + bytes)
                // What its neighbours would change at either end is left out.
                return Array(text.utf8.dropFirst(4).dropLast(4))
            }
            return [bytes, Array(Hex.encode(bytes).utf8)] + shifted
        }()

        private func isMarked(_ bytes: [UInt8]) -> Bool {
            let text = String(decoding: bytes, as: UTF8.self)
            return Self.forms.contains { text.contains(String(decoding: $0, as: UTF8.self)) }
        }

        @Test("not in the database, its log, the broker's log, the ledger, errors, answers to others, or ps")
        func everywhere() throws {
            #expect(
                isMarked(Array("x\(Base64.encode(Array("a\(Self.marker)".utf8)))".utf8)),
                "the search finds nothing"
            )
            let broker = try site.serve()
            var said: [Finished] = []
            func keep(_ run: Finished, _ code: Int32 = 0) {
                said.append(run)
                #expect(run.code == code, "\(run)")
            }
            keep(try site.command(["secret", "set", "web", "KEY"], input: Self.marker))
            keep(try site.command(["secret", "rotate", "web", "KEY", "--grace", "1h"], input: "\(Self.marker)2"))
            let file = try folder.write("in.env", "OTHER=\(Self.marker)\n")
            keep(try site.command(["secret", "import", file, "--context", "web"]))
            let broken = try folder.write("broken.env", "OTHER=\(Self.marker)\n\(Self.marker)\nB=\"\(Self.marker)\n")
            keep(try site.command(["secret", "import", broken, "--context", "web"]), 65)
            let json = try folder.write("broken.json", "{\"A\": \"\(Self.marker)\", \"A\": \"\(Self.marker)\"}")
            keep(try site.command(["secret", "import", json, "--context", "web"]), 65)
            keep(
                try site.command(
                    ["secret", "set", "web", "TOO_LONG"],
                    input: String(repeating: Self.marker, count: 3_000)
                ),
                74
            )
            for words in [
                ["list", "web"], ["versions", "web", "KEY"], ["report", "--format", "html"], ["report", "--json"],
            ] {
                keep(try site.command(["secret"] + words))
            }
            keep(try site.command(["secret", "delete", "web", "OTHER"]))
            keep(try site.command(["secret", "rollback", "web", "OTHER"]))
            let list = try Call("GET", "\(site.url)/v1/contexts/web/secrets", token: site.token(.administrator))
            try readByJobs()
            let entries = try site.entries("limit=1000")
            broker.stop()
            for run in said { #expect(!isMarked(Array((run.output + run.error).utf8)), "\(run)") }
            #expect(!isMarked(Array(list.body.utf8)))
            #expect(entries.count >= 9)
            for entry in entries { #expect(!isMarked(entry.serialized()), "\(entry.text)") }
            #expect(!isMarked(Array(broker.said.utf8)), "the broker's log has it")
            #expect(broker.said.contains("static secret used in an outage"))
            try searchFiles()
        }

        /// Jobs that read it in each way, one of them refused, and one that is looked at while it runs.
        private func readByJobs() throws {
            let job = try site.register()
            let right = "[ \"$KEY\" = \(Self.marker.dropLast(7))hunter22 ] && echo right"
            #expect(try job.command(["exec", "--context", "web", "--", "sh", "-c", right]).output.hasPrefix("right"))
            #expect(try job.command(["exec", "bao", "--", "true"]).code == 0)
            let stranger = try site.register(["ref": "refs/heads/other"])
            let refused = try stranger.command(["exec", "--context", "web", "--", "true"])
            #expect(refused.code == 77)
            #expect(!isMarked(Array((refused.output + refused.error).utf8)))
            // A client in the middle of its work, and one that crashes: their arguments are what ps and a core would show.
            let running = try Running(
                "client",
                in: folder,
                try BuiltCommand.path(),
                ["exec", "--context", "web", "--", "sh", "-c", "echo begun; kill -ABRT $PPID; sleep 2"],
                environment: job.environment
            )
            try running.wait(until: "begun") { running.said.contains("begun") }
            let listing = try Finished("ps", ["axww", "-o", "args"])
            #expect(listing.code == 0 && listing.output.contains("sleep 2"))
            #expect(!isMarked(Array(listing.output.utf8)), "ps shows it")
            running.kill()
            #expect(!isMarked(Array(running.said.utf8)))
        }

        /// Every file of the broker; the imported files, which hold it in the open, are not its.
        private func searchFiles() throws {
            let files = try Files.list(folder.path("site")).filter { $0.hasPrefix("jobpass.db") }
            #expect(files.contains("jobpass.db"))
            for name in files + ["keys/master.key"] {
                #expect(!isMarked(try Files.read(folder.path("site/\(name)"), limit: 1 << 28)), "\(name) has it")
            }
            let program = try RelyingParty.program("python")
            let script = """
                import sqlite3, sys
                store = sqlite3.connect(sys.argv[1])
                for table in [row[0] for row in store.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]:
                    for row in store.execute(f"SELECT * FROM {table}"):
                        for value in row:
                            data = value if isinstance(value, bytes) else str(value).encode()
                            assert sys.argv[2].encode() not in data, table
                print("searched")
                """
            let run = try Finished(program, ["-c", script, site.store, Self.marker])
            #expect(run.output == "searched\n", "\(run)")
        }
    }
}
