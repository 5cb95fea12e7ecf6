import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// What some take too much of, others still have.
    ///
    /// How long they wait is what `deploy/measure-overload` measures.
    @Suite("Overload is refused, and everybody else is served")
    struct OverloadScenarios {
        private static let audiences = "audiences: [{audience: load, algorithm: ES256, allow: [{project: \"acme/*\"}]}]"

        private static func site(_ limits: String, in folder: Folder) throws -> Site {
            try Site("\(audiences)\nlimits: {\(limits)}", in: folder)
        }

        /// What a broker counts of a limit.
        private static func count(_ limit: String, of site: Site) throws -> Int {
            let page = try Call("GET", "\(site.url)/metrics").body
            let line = page.split(separator: "\n").first { $0.hasPrefix("jobpass_limited_total{limit=\"\(limit)\"}") }
            return try #require(line.flatMap { Int($0.split(separator: " ").last ?? "") })
        }

        private static func slowClients(
            _ count: Int,
            _ kind: String,
            of site: Site,
            in folder: Folder
        ) throws -> Running {
            let running = try Running(
                "slow-\(kind)",
                in: folder,
                try RelyingParty.program("python"),
                [RelyingParty.script("slow_clients.py"), "\(site.port)", "\(count)", kind]
            )
            try running.wait(until: "all are open") { running.said.contains("ready") }
            return running
        }

        @Test(
            "three hundred slow connections, where a hundred are taken, keep no job waiting",
            arguments: ["drip", "body", "silent"]
        )
        func slow(kind: String) throws {
            let folder = try Folder()
            let site = try Self.site("connections: 100", in: folder)
            let broker = try site.serve()
            let job = try site.register()
            let clients = try Self.slowClients(300, kind, of: site, in: folder)
            for _ in 0..<20 {
                let call = try Call("GET", "\(site.url)/v1/token?audience=load", token: job.requestToken)
                #expect(call.status == 200, "\(call)\n\(broker.said)")
            }
            #expect(try Self.count("connections_closed", of: site) >= 100)
            clients.kill()
            broker.stop()
        }

        @Test("heads and bodies that do not come are cut off, and counted")
        func deadlines() throws {
            let folder = try Folder()
            let site = try Self.site("header_timeout: 1s, request_timeout: 2s", in: folder)
            let broker = try site.serve()
            let clients = try ["drip", "body", "silent"].map { try Self.slowClients(20, $0, of: site, in: folder) }
            try broker.wait(until: "slow ones are cut off") { try Self.count("timeout", of: site) >= 60 }
            for client in clients { client.kill() }
            broker.stop()
        }

        @Test("a principal that floods is refused with Retry-After, and jobs and other principals are served")
        func flood() throws {
            let folder = try Folder()
            let site = try Self.site("principal_rate: 5, principal_burst: 20", in: folder)
            let broker = try site.serve()
            let job = try site.register()
            let body = try folder.write(
                "body.json",
                #"{"project": "acme/web", "workflow": "w", "job": "j", "expires_in": 60}"#
            )
            let flood = try Finished(
                "curl",
                [
                    "--silent", "--parallel", "--parallel-immediate", "--parallel-max", "40", "--max-time", "60",
                    "--header", "Authorization: Bearer \(site.token(.orchestrator))", "--json", "@\(body)",
                    "--output", "/dev/null", "--write-out", "%{http_code} %header{retry-after}\n",
                    "\(site.url)/v1/runs?[1-100]",
                ]
            )
            let statuses = flood.output.split(separator: "\n").map(String.init)
            #expect(statuses.count == 100, "\(flood)")
            #expect(Set(statuses).isSubset(of: ["201 ", "429 1"]), "\(flood)")
            #expect(statuses.contains("429 1"), "\(flood)")
            #expect(try Call("GET", "\(site.url)/v1/token?audience=load", token: job.requestToken).status == 200)
            #expect(try Call("GET", "\(site.url)/v1/keys", token: site.token(.administrator)).status == 200)
            #expect(try Self.count("principal_rate", of: site) > 0)
            #expect(broker.said.contains("a rate is exceeded"), "\(broker.said)")
            broker.stop()
        }

        @Test("a broker that may open few files says so, and answers again when there are some")
        func descriptors() throws {
            let folder = try Folder()
            let site = try Self.site("header_timeout: 1s", in: folder)
            // Too few for 120 clients, whatever else is open.
            let broker = try site.serve(by: ["prlimit", "--nofile=72:72"])
            #expect(broker.said.contains("fewer connections are taken than limits.connections"), "\(broker.said)")
            let job = try site.register()
            let clients = try Self.slowClients(120, "drip", of: site, in: folder)
            var isServed = false
            try broker.wait(until: "a job is served") {
                isServed = try Call("GET", "\(site.url)/v1/token?audience=load", token: job.requestToken).status == 200
                return isServed
            }
            #expect(isServed, "\(broker.said)")
            clients.kill()
            try broker.wait(until: "it is at ease") { try site.answers("/readyz") }
            for _ in 0..<10 {
                #expect(try Call("GET", "\(site.url)/v1/token?audience=load", token: job.requestToken).status == 200)
            }
            #expect(try site.command(["audit", "verify"]).code == 0)
            broker.stop()
        }
    }
}
