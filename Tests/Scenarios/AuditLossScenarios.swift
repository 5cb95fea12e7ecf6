import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// What is left when whatever writes the ledger is cut off in the middle of it.
    @Suite("A ledger that is killed")
    struct AuditLossScenarios {
        /// How often; the full test is 50, which takes some minutes with a debug build: JOBPASS_KILLS=50.
        private static let kills = Environment.current["JOBPASS_KILLS"].flatMap { Int($0) } ?? 12

        @Test(
            "during appends and indexing has tree, tiles, entries and index that agree at each start, and lost nothing"
        )
        func killed() throws {
            let folder = try Folder()
            let site = try Site("", in: folder)
            var indexed: Int64 = 0
            for round in 1...Self.kills {
                let writer = try Running(
                    "writer",
                    in: folder,
                    try BuiltCommand.path(),
                    [
                        "audit", "generate", "1000000", "--append", "--batch", "\(1 + round * 7 % 64)", "--config",
                        site.configuration,
                    ]
                )
                // Each line was written behind a commit: what it says must be there afterwards.
                try writer.wait(until: "appending") { Self.committed(writer.said) > 0 }
                let first = Self.committed(writer.said)
                try writer.wait(until: "600 more") { Self.committed(writer.said) >= first + 600 }
                // Most are killed while a stretch is being indexed, every fourth once one has been.
                if round.isMultiple(of: 4) {
                    try writer.wait(until: "indexing") { try Self.indexed(site) > indexed }
                }
                writer.kill()
                let committed = Self.committed(writer.said)
                let run = try site.command(["audit", "verify", "--json"])
                #expect(run.code == 0, "kill \(round): \(run)")
                let result = try JSON.parse(Array(run.output.utf8))
                #expect(
                    try #require(result["entries"]?.asInteger) >= committed,
                    "kill \(round) lost what was committed"
                )
                indexed = max(indexed, result["indexed"]?.asInteger ?? 0)
            }
            #expect(indexed >= 2_048, "nothing was indexed meanwhile")
            // A broker takes it up as it is.
            let broker = try site.serve()
            _ = try site.register()
            broker.stop()
        }

        /// How far the index has come, as its file says.
        private static func indexed(_ site: Site) throws -> Int64 {
            let script =
                "import sqlite3,sys; print(*sqlite3.connect(sys.argv[1]).execute('SELECT max(size) FROM state').fetchone())"
            let run = try Finished(try RelyingParty.program("python"), ["-c", script, "\(site.store).index"])
            return run.output.split(separator: "\n").first.flatMap { Int64($0) } ?? 0
        }

        /// The number on the last whole line.
        private static func committed(_ said: String) -> Int64 {
            let whole = said.lastIndex(of: "\n").map { said[..<$0] } ?? ""
            return whole.split(separator: "\n").last.flatMap { Int64($0) } ?? 0
        }
    }
}
