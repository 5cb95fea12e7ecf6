import JSON
import POSIX
import Support
import Testing

/// A site whose store was filled, its broker, and an auditor's environment.
struct Audited {
    let folder: Folder
    let site: Site
    let broker: Running
    let environment: [String: String]
    let key: String

    init(entries: Int = 2_500, _ settings: String = "") throws {
        folder = try Folder()
        site = try Site(settings, in: folder)
        for suffix in ["", "-wal", "-shm"] where try Files.status(site.store + suffix) != nil {
            try Files.remove(site.store + suffix)
        }
        let filled = try site.command(["audit", "generate", String(entries)])
        try #require(filled.code == 0, "\(filled)")
        broker = try site.serve()
        let token = folder.path("auditor-token")
        try Files.writeNew(token, Array(site.token(.auditor).utf8))
        environment = ["JOBPASS_URL": site.url, "JOBPASS_TOKEN_FILE": token]
        key = try folder.write("vkey", try Call("GET", "\(site.url)/log/key").body)
    }

    func audit(_ arguments: String..., input: String = "") throws -> Finished {
        try audit(arguments, input: input)
    }

    func audit(_ arguments: [String], input: String = "") throws -> Finished {
        try Finished(try BuiltCommand.path(), ["audit"] + arguments, environment: environment, input: input)
    }

    /// Changes the store past the broker.
    func tamper(_ statement: String, in file: String? = nil) throws {
        let script =
            "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.executescript(sys.argv[2]); d.commit()"
        let run = try Finished(try RelyingParty.program("python"), ["-c", script, file ?? site.store, statement])
        try #require(run.code == 0, "\(run)")
    }
}
