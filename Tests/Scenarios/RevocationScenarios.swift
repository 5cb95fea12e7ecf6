import Encoding
import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// The kill switch of the built command, before real relying parties and beside a second process on the same store.
    @Suite("What is revoked gets nothing more")
    struct RevocationScenarios {
        private static let settings = """
            audiences:
              - {audience: load.example, algorithm: ES256, allow: [{project: "acme/*"}]}
            """

        private let folder: Folder
        private let site: Site

        init() throws {
            folder = try Folder()
            site = try Site(Self.settings, in: folder)
            try Files.writeNew(folder.path("administrator.token"), Array(site.token(.administrator).utf8))
        }

        private func revoke(_ arguments: [String], json: Bool = true) throws -> Finished {
            try Finished(
                try BuiltCommand.path(),
                ["revoke"] + arguments + (json ? ["--json"] : []),
                environment: ["JOBPASS_URL": site.url, "JOBPASS_TOKEN_FILE": folder.path("administrator.token")]
            )
        }

        private func token(_ job: Job) throws -> Call {
            try Call("GET", "\(site.url)/v1/token?audience=load.example", token: job.requestToken)
        }

        @Test(
            "under load from sixteen clients, by the broker and from its host, each token that came is named in the answer"
        )
        func underLoad() throws {
            let broker = try site.serve()
            for isLocal in [false, true] {
                let job = try site.register(["project": isLocal ? "acme/host" : "acme/web"])
                let list = try folder.write("received-\(isLocal)", "")
                let gate = try folder.write("gate-\(isLocal)", "")
                let load = try Running(
                    "load",
                    in: folder,
                    try RelyingParty.program("python"),
                    [RelyingParty.script("load.py"), site.url, "load.example", "16", list, gate],
                    environment: ["JOBPASS_REQUEST_TOKEN": job.requestToken]
                )
                try load.wait(until: "tokens received") { try Files.read(list).count > 4096 }
                let arguments = ["--project", isLocal ? "acme/host" : "acme/web", "--reason", "seen in a log"]
                let run = isLocal ? try site.command(["revoke"] + arguments + ["--json"]) : try revoke(arguments)
                let refused = try token(job)
                #expect(run.code == 0, "\(run)")
                #expect(refused.status == 401, "\(refused)")
                #expect(refused.body.contains("seen in a log"), "\(refused)")
                let answer = try JSON.parse(Array(run.output.utf8))
                #expect(answer["runs_ended"] == 1)
                #expect(answer["complete"] == true)
                let named = Set((answer["living"]?.asArray ?? []).compactMap { $0["ledger_index"]?.asInteger })
                // A client that is refused ends them all.
                try load.wait(until: "refused") { load.hasEnded }
                let came = try Files.readText(list).split(separator: "\n").compactMap { line in
                    line.split(separator: " ").first.flatMap { Int64($0) }
                }
                #expect(came.count > 20)
                let hidden = came.filter { !named.contains($0) }
                #expect(hidden.isEmpty, "\(hidden.count) of \(came.count) are not named")
                #expect(try site.entries("kind=revocation.made").count == (isLocal ? 2 : 1))
            }
            broker.stop()
        }

        @Test("stays so after a restart, lets a project in again with --lift, and shows a person what is left")
        func restart() throws {
            var broker = try site.serve()
            let job = try site.register()
            #expect(try token(job).status == 200)
            let run = try revoke(["--project", "acme/*", "--reason", "drill"], json: false)
            #expect(run.code == 0, "\(run)")
            #expect(run.output.contains("id token"), "\(run)")
            #expect(run.error.contains("revoked project acme/*: 1 runs ended"), "\(run)")
            broker.kill()
            broker = try site.serve()
            #expect(try token(job).status == 401)
            let body = Array(#"{"project": "acme/web", "workflow": "w", "job": "j"}"#.utf8)
            let refused = try Call("POST", "\(site.url)/v1/runs", token: site.token(.orchestrator), body: body)
            #expect(refused.status == 403, "\(refused)")
            let listed = try revoke(["--list"], json: false)
            #expect(listed.output.contains("project acme/*") && listed.output.contains("drill"), "\(listed)")
            #expect(try revoke(["--project", "acme/web", "--lift"]).code == 65, "it was revoked as acme/*")
            #expect(try revoke(["--project", "acme/*", "--lift"]).code == 0)
            #expect(try Call("POST", "\(site.url)/v1/runs", token: site.token(.orchestrator), body: body).status == 201)
            #expect(try token(job).status == 401, "a run that was ended does not come back")
            #expect(try token(site.register()).status == 200)
            broker.stop()
        }

        @Test("a stolen key signs nothing more and leaves the key set, and another signs at once")
        func key() throws {
            let broker = try site.serve()
            let job = try site.register()
            func kid() throws -> String {
                let text = try #require(try token(job).json["value"]?.asString)
                _ = try RelyingParty.claims(of: text, issuer: site.url, audience: "load.example")
                let header = try JSON.parse(try Base64URL.decode(String(text.prefix { $0 != "." })))
                return try #require(header["kid"]?.asString)
            }
            let old = try kid()
            let run = try revoke(["--kid", String(old.prefix(8))])
            #expect(run.code == 0, "\(run)")
            let answer = try JSON.parse(Array(run.output.utf8))
            #expect(answer["revocation"]?["kid"] == .string(old))
            #expect(answer["living"]?.asArray?.isEmpty == false)
            #expect(!(try Call("GET", "\(site.url)/.well-known/jwks.json").body.contains(old)))
            #expect(try kid() != old)
            #expect(try revoke(["--kid", old]).code != 0, "it is gone")
            broker.stop()
        }

        @Test("what cannot be meant is refused before anything is revoked")
        func usage() throws {
            for arguments in [
                [], ["--project", "a", "--run", "b"], ["--run", "b", "--until", "1d"], ["--since", "soon"], ["--lift"],
                ["--list", "--project", "a"], ["--run", "b", "--lift"],
            ] {
                #expect(try revoke(arguments).code == 64, "\(arguments)")
            }
            let listed = try site.command(["revoke", "--list", "--json"])
            #expect(listed.output == "{\"revocations\":[]}\n", "\(listed)")
        }
    }
}
