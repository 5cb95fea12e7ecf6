import POSIX
import Support
import Testing

/// `jobpass audit witness`, on a port and in a folder of its own.
struct WitnessUnderTest {
    static let name = "witness.example.test/w1"

    let process: Running
    let url: String
    /// Its verifier key, as it says it.
    let key: String
    let directory: String

    /// Starts one that watches over the ledger of a verifier key's file.
    init(in folder: Folder, of log: String) throws {
        let port = try FreePort.next()
        url = "http://127.0.0.1:\(port)"
        directory = folder.path("witness")
        process = try Running(
            "witness",
            in: folder,
            try BuiltCommand.path(),
            ["audit", "witness", directory, "--name", Self.name, "--log", log, "--listen", "127.0.0.1:\(port)"]
        )
        let started = process
        try started.wait(until: "listening") { started.said.contains("listens on") }
        let said = started.said.split(separator: "\n")
        key = String(try #require(said.first { line in line.hasPrefix("\(Self.name)+") }))
    }

    /// What it says, and has said.
    var said: String { process.said }
}
