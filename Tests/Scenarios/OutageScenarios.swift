import HTTP
import HTTPServer
import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// Servers that misbehave in every way that a job may meet, and what the job is told.
    @Suite("A bad day at the cloud")
    struct OutageScenarios {
        /// One way to misbehave, and what becomes of it.
        private struct Row {
            /// The name of the target.
            let name: String
            /// `aws`, or `vault` for an answer in JSON.
            let type: String
            let address: String
            let ending: Ending
            /// A part of what the person reads who must mend it.
            let words: String
            let certificateAuthorities: String?
        }

        /// What the failure means, and the exit code that tells it.
        private enum Ending {
            case outage(exit: Int32)
            case refused
            case misconfigured
            case brokenAnswer

            var kind: String {
                switch self {
                case .outage: "outage"
                case .refused: "refused"
                case .misconfigured: "misconfigured"
                case .brokenAnswer: "broken_answer"
                }
            }

            var exit: Int32 {
                switch self {
                case .outage(let exit): exit
                case .refused: 77
                case .misconfigured: 78
                case .brokenAnswer: 76
                }
            }

            var isOutage: Bool { if case .outage = self { true } else { false } }
        }

        /// What listens while the rows are walked.
        private final class Servers {
            var rows: [Row] = []
            private var raw: [RawServer] = []
            private var secure: [TestHTTPServer] = []
            private let authority: TestAuthority

            init() async throws {
                authority = try TestAuthority()
                try add("closes", .outage(exit: 69), "try again; if it lasts") { _ in }
                try add("resets", .outage(exit: 69), "try again; if it lasts") { socket in
                    _ = try socket.receive(until: "\r\n\r\n")
                    socket.resetAtEnd()
                }
                try add("hangs", .outage(exit: 75), "No answer in time") { socket in _ = socket.receiveAll() }
                try add("drips", .outage(exit: 75), "No answer in time") { socket in
                    _ = try socket.receive(until: "\r\n\r\n")
                    try socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                    while true {
                        try socket.send("<")
                        _ = socket.hasInput(within: .milliseconds(100))
                    }
                }
                try answer("down", .outage(exit: 69), "try again; if it lasts", "503 No", body: "")
                try answer("busy", .outage(exit: 69), "asks for fewer requests", "429 Slow", body: "")
                try answer("garbage", .brokenAnswer, "see what answers at that address", body: "\u{1}\u{2}no XML")
                try add("no-http", .brokenAnswer, "see what answers at that address") { socket in
                    _ = try socket.receive(until: "\r\n\r\n")
                    try socket.send("\u{15}\u{3}\u{1} what is this\r\n\r\n")
                }
                let xml = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><Acc"
                try answer("cut-xml", .brokenAnswer, "see what answers", body: xml)
                let json = #"{"auth": {"client_tok"#
                try answer("cut-json", .brokenAnswer, "see what answers", body: json, type: "vault")
                let bomb = "<!DOCTYPE b [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY c \"&a;&a;&a;&a;&a;\">]><b>&c;</b>"
                try answer("bomb", .brokenAnswer, "see what answers", body: bomb)
                try answer(
                    "large",
                    .brokenAnswer,
                    "see what answers at that address",
                    body: String(repeating: "a", count: 3 << 20)
                )
                let elsewhere = "307 Go\r\nLocation: https://evil.example/"
                try answer("redirects", .brokenAnswer, "redirects are not followed", elsewhere, body: "")
                let page = "200 OK\r\nContent-Type: text/html; charset=utf-8"
                try answer("portal", .brokenAnswer, "is a web page", page, body: "<html>Welcome to the hotel</html>")
                let denied =
                    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
                try answer("denies", .refused, "compare the role's trust policy", "403 No", body: denied)
                let disabled =
                    "<ErrorResponse><Error><Code>RegionDisabledException</Code></Error></ErrorResponse>"
                try answer("disabled", .misconfigured, "activate STS in the target's region", "403 No", body: disabled)
                try await secure("wrong-certificate", names: ["DNS:elsewhere.example"], days: 1)
                try await secure("expired-certificate", names: ["IP:127.0.0.1"], days: -1)
            }

            private func add(
                _ name: String,
                _ ending: Ending,
                _ words: String,
                type: String = "aws",
                _ script: @escaping @Sendable (borrowing RawSocket) throws -> Void
            ) throws {
                let server = try RawServer(script)
                raw.append(server)
                let address = "http://127.0.0.1:\(server.port)"
                rows.append(
                    Row(
                        name: name,
                        type: type,
                        address: address,
                        ending: ending,
                        words: words,
                        certificateAuthorities: nil
                    )
                )
            }

            private func answer(
                _ name: String,
                _ ending: Ending,
                _ words: String,
                _ head: String = "200 OK",
                body: String,
                type: String = "aws"
            ) throws {
                try add(name, ending, words, type: type) { socket in
                    _ = try socket.receive(until: "\r\n\r\n")
                    try socket.send("HTTP/1.1 \(head)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                }
            }

            private func secure(_ name: String, names: [String], days: Int) async throws {
                let issued = try authority.issue(name, for: names, days: days)
                let server = try await TestHTTPServer(tls: try authority.context(issued)) { _ in
                    HTTPResponse(status: 200)
                }
                secure.append(server)
                rows.append(
                    Row(
                        name: name,
                        type: "aws",
                        address: "https://127.0.0.1:\(server.server.port)",
                        ending: .outage(exit: 69),
                        words: "the target's 'ca', or mend the service's certificate",
                        certificateAuthorities: authority.certificateFile
                    )
                )
            }
        }

        /// A row's target, with a fallback or without.
        private static func target(_ row: Row, _ name: String, hasFallback: Bool) -> String {
            let own =
                row.type == "aws"
                ? """
                    role: arn:aws:iam::123456789012:role/deploy
                    region: eu-west-1
                    endpoint: \(row.address)
                """
                : """
                    address: \(row.address)
                    role: deploy
                    audience: vault
                """
            return """
                  \(name):
                    type: \(row.type)
                \(own)
                    timeout: 2s
                    try_timeout: 1s
                    connect_timeout: 1s
                    allow: [{project: acme/web}]
                \(row.certificateAuthorities.map { "    ca: \($0)" } ?? "")
                \(hasFallback ? "    fallback: {context: legacy, until: 2099-12-31, reason: a bad day}" : "")
                """
        }

        @Test("each way has its class, its exit code and words that say what to do, and an outage alone a fallback")
        func table() async throws {
            let servers = try await Servers()
            let folder = try Folder()
            let targets = servers.rows.flatMap { row in
                [
                    Self.target(row, row.name, hasFallback: false),
                    Self.target(row, "\(row.name)-fallback", hasFallback: true),
                ]
            }
            let site = try Site(
                """
                targets:
                \(targets.joined(separator: "\n"))
                contexts:
                  legacy: {allow: [{project: acme/web}]}
                """,
                in: folder
            )
            let set = try site.command(["secret", "set", "legacy", "AWS_ACCESS_KEY_ID"], input: "AKIAOLD")
            try #require(set.code == 0, "\(set)")
            let broker = try site.serve()
            let job = try site.register()
            for row in servers.rows {
                let name = "\(row.name)-fallback"
                let run = try job.command(["credential", name])
                let used = try site.entries("kind=fallback.used&target=\(name)").count
                if row.ending.isOutage {
                    #expect(run.code == 0, "\(row.name): \(run)")
                    #expect(run.output.contains("AKIAOLD"), "\(row.name): \(run)")
                    #expect(used == 1, "\(row.name)")
                    let alone = try job.command(["credential", row.name])
                    check(alone, row, site: site)
                } else {
                    check(run, row, site: site)
                    #expect(!run.output.contains("AKIAOLD"), "\(row.name): \(run)")
                    #expect(used == 0, "\(row.name)")
                }
            }
            try opens(site, job)
            broker.stop()
        }

        /// Five tries in a row have failed once the job asks again: then nobody waits, and whoever watches sees it.
        private func opens(_ site: Site, _ job: Job) throws {
            let fifth = try job.command(["credential", "closes"])
            #expect(fifth.code == 69, "\(fifth)")
            let figures = try Call("GET", "\(site.url)/metrics").body
            #expect(figures.contains("jobpass_circuit{target=\"closes\",position=\"open\"} 1\n"), "\(figures)")
            #expect(figures.contains("jobpass_circuit{target=\"denies-fallback\",position=\"closed\"} 1\n"))
            let spared = try job.command(["credential", "closes"])
            #expect(spared.code == 69, "\(spared)")
            #expect(spared.error.contains("not asked, and not for the next "), "\(spared)")
        }

        private func check(_ run: Finished, _ row: Row, site: Site) {
            #expect(run.code == row.ending.exit, "\(row.name): \(run)")
            #expect(run.output == "", "\(row.name)")
            #expect(run.error.contains(row.words), "\(row.name): \(run)")
            let target = row.ending.isOutage ? row.name : "\(row.name)-fallback"
            let recorded = try? site.entries("target=\(target)&limit=1").first
            #expect(
                recorded?["reason"]?.asString?.hasPrefix("\(row.ending.kind) after ") == true,
                "\(row.name): \(String(describing: recorded))"
            )
        }
    }
}
