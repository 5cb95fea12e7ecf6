import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// Ten thousand secrets get a new master key while jobs read them and the command is killed.
    @Suite("A new master key reaches every secret, whatever happens on the way")
    struct RewrapScenarios {
        private static let contexts = 10
        private static let perContext = 1_000

        private let folder: Folder
        private let site: Site

        init() throws {
            folder = try Folder()
            let contexts = (0..<Self.contexts).map { "  c\($0): {allow: [{project: acme/web}]}" }
            site = try Site("contexts:\n" + contexts.joined(separator: "\n"), in: folder)
        }

        private func fill() throws {
            for context in 0..<Self.contexts {
                let values = (0..<Self.perContext).map { "\"KEY_\($0)\": \"value \($0) of c\(context)\"" }
                let text = "{\(values.joined(separator: ", "))}"
                let run = try site.command(["secret", "import", "-", "--context", "c\(context)"], input: text)
                try #require(run.code == 0, "\(run)")
            }
        }

        @Test("killed five times at random it ends complete, and every read on the way succeeds")
        func killed() throws {
            try fill()
            let broker = try site.serve()
            let job = try site.register(["expires_in": 3_600])
            let reader = try Running(
                "reader",
                in: folder,
                "sh",
                [
                    "-c",
                    """
                    n=0
                    while :; do
                        curl -s -o "$1/read" -w '%{http_code}\\n' -H "Authorization: Bearer $2" \
                            "$3/v1/contexts/c$((n % 10))?name=KEY_$((n * 37 % 1000))"
                        grep -q "value $((n * 37 % 1000)) of c$((n % 10))" "$1/read" || echo wrong
                        n=$((n + 1))
                    done
                    """,
                    "sh", folder.root, job.requestToken, site.url,
                ]
            )
            let master = folder.path("site/keys/master.key")
            var kills = 0
            while kills < 5 {
                let rewrap = try Running(
                    "rewrap",
                    in: folder,
                    try BuiltCommand.path(),
                    ["secret", "rewrap", "--config", site.configuration]
                )
                let pause = Double(Int.random(in: 60...900)) / 1_000
                _ = try Finished("sleep", ["\(pause)"])
                let wasRunning = !rewrap.hasEnded
                rewrap.kill()
                if wasRunning { kills += 1 }
                // One that came to its end left the former key, which an operator takes away.
                if !wasRunning, try Files.status(master + ".old") != nil { try Files.remove(master + ".old") }
            }
            let last = try site.command(["secret", "rewrap"])
            if last.code != 0 {
                #expect(last.error.contains("master.key.old is there, from the last time"), "\(last)")
            }
            let said = reader.said
            reader.kill()
            let codes = said.split(separator: "\n")
            #expect(codes.count > 20, "too few reads: \(codes.count)")
            #expect(codes.dropLast().allSatisfy { $0 == "200" }, "\(codes.filter { $0 != "200" }.prefix(5))")
            broker.stop()
            try checkComplete(master)
        }

        /// With the new key alone everything opens, and nothing is under another.
        private func checkComplete(_ master: String) throws {
            if try Files.status(master + ".old") != nil { try Files.remove(master + ".old") }
            #expect(try Files.status(master + ".new") == nil)
            let phrase = try folder.write("phrase", "correct horse battery staple")
            let out = try site.command([
                "secret", "export", "--output", folder.path("all"), "--passphrase-file", phrase,
            ])
            #expect(out.code == 0 && out.error.contains("exported 10000 secrets of 10 contexts"), "\(out)")
            let program = try RelyingParty.program("python")
            let script = """
                import sqlite3, sys
                rows = sqlite3.connect(sys.argv[1]).execute("SELECT sealed FROM secrets").fetchall()
                print(len(rows), len({bytes(row[0][:9]) for row in rows}))
                """
            #expect(try Finished(program, ["-c", script, site.store]).output == "10000 1\n")
        }
    }
}
