import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// What `deploy/kubernetes` says is done in a cluster and on the way there, done in folders that stand for its volumes.
    @Suite("The manifests for Kubernetes hold together")
    struct KubernetesScenarios {
        private let folder: Folder
        private let parts: JSON

        init() throws {
            folder = try Folder()
            let read = try Finished(
                try RelyingParty.program("python"),
                [
                    RelyingParty.script("kubernetes_parts.py"),
                    RelyingParty.file("deploy/kubernetes/jobpass.yaml"),
                ]
            )
            try #require(read.code == 0, "\(read)")
            parts = try JSON.parse(Array(read.output.utf8))
        }

        private func replacing(_ changes: [(String, String)], in text: String) -> String {
            changes.reduce(text) { text, change in
                #expect(text.contains(change.0), "there is no '\(change.0)' any more in\n\(text)")
                return text.split(separator: change.0, omittingEmptySubsequences: false).joined(separator: change.1)
            }
        }

        /// Makes keys as the guide says, by its own lines, in a folder of its own.
        private func makeKeys(_ configuration: String) throws {
            let guide = try Files.readText(RelyingParty.file("deploy/kubernetes/README.md"))
            let block = try #require(guide.split(separator: "```sh\n").dropFirst().first?.split(separator: "```").first)
            #expect(block.contains("jobpass init --config copy.yaml"))
            // A store of its own instead of the database, whose tables are not what this is about.
            let store = try #require(configuration.split(separator: "\n").first { $0.hasPrefix("store: postgresql:") })
            let copy = replacing(
                [(String(store), "store: sqlite:jobpass.db"), ("/work/keys", "keys"), ("/secrets/keys/", "keys/")],
                in: configuration
            )
            for name in ["made", "bin"] { try Files.makeDirectory(folder.path(name)) }
            try folder.write("made/copy.yaml", copy)
            let linked = try Finished("ln", ["-s", try BuiltCommand.path(), folder.path("bin/jobpass")])
            try #require(linked.code == 0, "\(linked)")
            let path = "\(folder.path("bin")):\(Environment.current["PATH"] ?? "/usr/bin:/bin")"
            let made = try Finished(
                "sh",
                ["-euc", "cd '\(folder.path("made"))'\n\(block)"],
                environment: ["PATH": path]
            )
            try #require(made.code == 0, "\(made)")
        }

        @Test(
            "the init container lays out what the guide's commands made, and the broker's configuration is good with it"
        )
        func laidOut() throws {
            let configuration = try #require(parts["configuration"]?.asString)
            try makeKeys(configuration)
            // The volumes: two Secrets, and a folder in memory.
            for name in ["work", "secrets", "secrets/keys", "secrets/database"] {
                try Files.makeDirectory(folder.path(name))
            }
            for name in ["keys.tar", "master.key"] {
                try Files.writeNew(folder.path("secrets/keys/\(name)"), Files.read(folder.path("made/\(name)")))
            }
            try folder.write("secrets/database/pgpass", "db.example.com:5432:jobpass:jobpass:password\n")
            let places = [("/work", folder.path("work")), ("/secrets", folder.path("secrets"))]
            let line = try #require(parts["init"]?.asArray).map { try #require($0.asString) }
            try #require(line.count == 3)
            let first = try Finished(line[0], [line[1], replacing(places, in: line[2])])
            #expect(first.code == 0 && first.error.isEmpty, "\(first)")
            let names = try Files.list(folder.path("work/keys"))
            #expect(names.contains { $0.hasPrefix("ledger") } && !names.contains("master.key"), "\(names)")

            #expect(parts["serve"] == ["serve", "--config", "/etc/jobpass/jobpass.yaml"])
            let file = try folder.write("jobpass.yaml", replacing(places, in: configuration))
            let checked = try Finished(try BuiltCommand.path(), ["config", "check", "--json", "--config", file])
            #expect(checked.code == 0, "\(checked)")
            #expect(try JSON.parse(Array(checked.output.utf8))["problems"] == [], "\(checked)")

            // Without what the init container does, it is not.
            try Files.remove(folder.path("work/pgpass"))
            let lacking = try Finished(try BuiltCommand.path(), ["config", "check", "--config", file])
            #expect(lacking.code == 78 && lacking.error.contains("pgpass"), "\(lacking)")
        }
    }
}
