import JSON
import POSIX
import Testing

extension Scenarios {
    /// What must hold when the broker is cut off in the middle of its work.
    @Suite("Nothing leaves before it is recorded")
    struct CrashScenarios {
        private static let settings = """
            audiences:
              - audience: load.example
                algorithm: ES256
                allow: [{project: "acme/*"}]
            """

        /// A hundred take minutes: `JOBPASS_KILLS=100 deploy/test --filter CrashScenarios`.
        private static let kills = Environment.current["JOBPASS_KILLS"].flatMap { Int($0) } ?? 20

        @Test(
            "killed again and again under load, the ledger has every token that a client received, and the tree verifies"
        )
        func killed() throws {
            let folder = try Folder()
            let site = try Site(Self.settings, in: folder)
            let list = try folder.write("received", "")
            var broker = try site.serve()
            let job = try site.register(["expires_in": 3600])
            let load = try Load(site, job, list: list, in: folder)
            for _ in 0..<Self.kills {
                let before = try Files.read(list).count
                // Long enough for batches to be under way: the list must have grown since the last start.
                try load.program.wait(until: "tokens received") { try Files.read(list).count > before + 4096 }
                broker.kill()
                broker = try site.serve()
            }
            try load.stop()
            let checked = try LedgerCheck(site, store: site.store, list: list, in: folder)
            #expect(checked.run.code == 0, "\(checked.run)\n\(broker.said)")
            broker.stop()
        }

        @Test("with the disk full nothing leaves, and with space it goes on")
        func diskFull() throws {
            let folder = try Folder()
            let site = try Site(Self.settings, in: folder, store: "disk/jobpass.db")
            let list = try folder.write("received", "")
            let broker = try site.serve(by: try SmallDisk.command(in: folder))
            let job = try site.register()
            let url = "\(site.url)/v1/token?audience=load.example"
            #expect(try Call("GET", url, token: job.requestToken).status == 200)

            let disk = SmallDisk(folder: folder, process: try #require(broker.id))
            try disk.fill()
            var refused = try Call("GET", url, token: job.requestToken)
            // What the log has already reserved may still be written to; no more than that.
            for _ in 0..<200 where refused.status == 200 { refused = try Call("GET", url, token: job.requestToken) }
            #expect(refused.status == 503, "\(refused)")
            #expect(refused.json["error"] == "unavailable")
            #expect(refused.json["value"] == nil)
            #expect(try !site.answers("/readyz"), "a broker that cannot record calls itself ready")

            try disk.clear()
            let load = try Load(site, job, list: list, in: folder)
            try load.program.wait(until: "tokens received") { try Files.read(list).count > 4096 }
            try load.stop()
            #expect(try site.answers("/readyz"))
            // SQLite resolves the links of a path, and this one leads through /proc into a mount that is not ours.
            let copied = try Finished("sh", ["-c", "cp \"$0\"* \"$1\"", disk.path("jobpass.db"), folder.path("")])
            try #require(copied.code == 0, "\(copied)")
            let checked = try LedgerCheck(site, store: folder.path("jobpass.db"), list: list, in: folder)
            #expect(checked.run.code == 0, "\(checked.run)\n\(broker.said)")
            broker.stop()
        }
    }
}
