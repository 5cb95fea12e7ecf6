import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// No figure is judged here: what is tried is that there are figures, of what was asked for.
    @Suite("bench measures a broker, and says of what")
    struct BenchScenarios {

        @Test(
            "with a broker of its own, which leaves nothing behind",
            arguments: [[], ["--algorithm", "RS256", "--rate", "50"], ["--tls", "--no-keep-alive", "--rate", "50"]]
        )
        func trial(_ options: [String]) throws {
            let folder = try Folder()
            let run = try Finished(
                try BuiltCommand.path(),
                ["bench", "--duration", "1s", "--connections", "8", "--json"] + options,
                environment: ["TMPDIR": folder.root]
            )
            #expect(run.code == 0, "\(run)")
            let answer = try JSON.parse(Array(run.output.utf8))
            #expect(answer["algorithm"]?.asString == (options.contains("RS256") ? "RS256" : "ES256"))
            #expect(answer["keep_alive"] == .bool(!options.contains("--no-keep-alive")))
            #expect(answer["url"]?.asString?.hasPrefix(options.contains("--tls") ? "https://" : "http://") == true)
            let tokens = answer["tokens"]?.asInteger ?? 0
            #expect(options.contains("--rate") ? (1...50).contains(tokens) : tokens > 0, "\(run)")
            #expect(answer["failures"] == [:])
            #expect(answer["peak_memory_bytes"]?.asInteger ?? 0 > 1 << 20)
            #expect(try Files.list(folder.root) == [])
        }

        @Test("with a live one, as the run that it is called in; a no is told as everywhere")
        func live() throws {
            let folder = try Folder()
            let site = try Site(
                "audiences: [{audience: there, algorithm: ES256, allow: [{project: acme/web}]}]",
                in: folder
            )
            let broker = try site.serve()
            let job = try site.register()
            let options = ["bench", "--url", site.url, "--duration", "1s", "--connections", "4"]
            let run = try job.command(options + ["--audience", "there"])
            #expect(run.code == 0, "\(run)")
            for words in ["ES256 tokens of \(site.url)", "tokens a second", "OpenSSL alone", "latency p99"] {
                #expect(run.output.contains(words), "\(run)")
            }
            #expect(try site.entries("kind=token.issued&run=\(job.id)&limit=5").count == 5)
            let denied = try job.command(options + ["--audience", "elsewhere"])
            #expect(denied.code == 77 && denied.output == "", "\(denied)")
            broker.stop()
            #expect(try job.command(options + ["--audience", "there"]).code == 69)
        }

        @Test(
            "what cannot be meant is refused",
            arguments: [
                (["--audience", "x"], "is for --url"), (["--url", "http://127.0.0.1:1"], "--audience is missing"),
                (["--url", "http://127.0.0.1:1", "--audience", "x", "--tls"], "--tls is for a broker of its own"),
                (["--connections", "0"], "from 1 to 2000"),
            ]
        )
        func refused(_ options: [String], _ words: String) throws {
            let run = try Finished(try BuiltCommand.path(), ["bench"] + options)
            #expect(run.code == 64 && run.error.contains(words), "\(run)")
        }
    }
}
