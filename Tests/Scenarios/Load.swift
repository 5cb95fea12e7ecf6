import POSIX
import Testing

/// `load.py` at work until it is stopped.
struct Load {
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
struct LedgerCheck {
    let run: Finished

    init(_ site: Site, store: String, list: String, in folder: Folder) throws {
        let checkpoint = try folder.write("checkpoint", try Call("GET", "\(site.url)/log/checkpoint").body)
        let key = try folder.write("key", try Call("GET", "\(site.url)/log/key").body)
        let script = RelyingParty.script("check_ledger.py")
        run = try Finished(try RelyingParty.program("python"), [script, store, checkpoint, key, list])
    }
}
