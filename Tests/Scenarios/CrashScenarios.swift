import Glibc
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

        @Test(
            "killed twenty times under load, the ledger has every token that a client received, and the tree verifies"
        )
        func killed() throws {
            let folder = try Folder()
            let site = try Site(Self.settings, in: folder)
            let list = try folder.write("received", "")
            var broker = try site.serve()
            let job = try site.register(["expires_in": 3600])
            let load = try Load(site, job, list: list, in: folder)
            for _ in 0..<20 {
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

/// `load.py` at work until it is stopped.
private struct Load {
    let program: Running
    private let gate: String

    init(_ site: Site, _ job: Job, list: String, in folder: Folder) throws {
        gate = try folder.write("gate", "")
        program = try Running(
            "load",
            in: folder,
            try RelyingParty.program("python"),
            [RelyingParty.script("load.py"), site.url, "load.example", "16", list, gate],
            environment: ["JOBPASS_REQUEST_TOKEN": job.requestToken]
        )
    }

    /// Lets it finish what it has begun, so that the list is whole.
    func stop() throws {
        try Files.remove(gate)
        try program.wait(until: "ended") { program.hasEnded }
        #expect(program.kill() == .exited(0), "\(program.said)")
    }
}

/// What `check_ledger.py` says of a store and a list of tokens.
private struct LedgerCheck {
    let run: Finished

    init(_ site: Site, store: String, list: String, in folder: Folder) throws {
        let checkpoint = try folder.write("checkpoint", try Call("GET", "\(site.url)/log/checkpoint").body)
        let key = try folder.write("key", try Call("GET", "\(site.url)/log/key").body)
        let script = RelyingParty.script("check_ledger.py")
        run = try Finished(try RelyingParty.program("python"), [script, store, checkpoint, key, list])
    }
}

/// A file system of four MiB that only one broker sees, and that goes with it.
private struct SmallDisk {
    let folder: Folder
    /// The broker, in whose mount namespace the file system lies.
    let process: Int32

    /// What makes the file system, puts the store onto it, and becomes the command that follows.
    static func command(in folder: Folder) throws -> [String] {
        let disk = folder.path("disk")
        try Files.makeDirectory(disk)
        let script =
            "mount -t tmpfs -o size=4m,mode=0700 tmpfs '\(disk)' && cp -p '\(folder.path("site"))'/jobpass.db* '\(disk)' && exec \"$@\""
        let namespace = geteuid() == 0 ? [] : ["--user", "--map-root-user"]
        return ["unshare", "--mount"] + namespace + ["sh", "-c", script, "sh"]
    }

    /// The path of a file on it, as seen from outside.
    func path(_ name: String) -> String { "/proc/\(process)/root\(folder.path("disk"))/\(name)" }

    /// Writes until there is no space.
    func fill() throws {
        let run = try Finished("dd", ["if=/dev/zero", "of=\(path("filler"))", "bs=4096"])
        try #require(run.error.contains("No space left"), "\(run)")
    }

    /// Gives the space back.
    func clear() throws { try Files.remove(path("filler")) }
}
