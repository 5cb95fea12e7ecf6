import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// An operator changes the configuration of a broker that is at work, and sends SIGHUP.
    @Suite("A reload takes all of a good configuration, and nothing of a bad one")
    struct ReloadScenarios {
        private let folder: Folder
        private let site: Site

        init() throws {
            folder = try Folder()
            site = try Site(Self.audience("first.example"), in: folder)
        }

        private static func audience(_ name: String, _ rest: String = "") -> String {
            """
            audiences:
              - {audience: \(name), allow: [{project: "acme/*"}]}
            \(rest)
            """
        }

        private func token(_ job: Job, for audience: String) throws -> Call {
            try Call("GET", "\(site.url)/v1/token?audience=\(audience)", token: job.requestToken)
        }

        private func reload(_ broker: Running, until words: String) throws {
            broker.send(.hangUp)
            try broker.wait(until: words) { broker.said.contains(words) }
        }

        @Test("rules and limits are others for the next request, and the ledger says since when")
        func good() throws {
            let broker = try site.serve()
            let job = try site.register()
            #expect(try token(job, for: "first.example").status == 200)
            #expect(try token(job, for: "second.example").status == 403)
            let long = "second.example&padding=" + String(repeating: "x", count: 300)
            try site.writeConfiguration(Self.audience("second.example", "limits: {target_bytes: 256}"))
            try reload(broker, until: "reloaded")
            #expect(try token(job, for: "first.example").status == 403)
            #expect(try token(job, for: "second.example").status == 200)
            #expect(try token(job, for: long).status == 414)
            let loaded = try site.entries("kind=config.loaded")
            #expect(loaded.count == 2)
            #expect(loaded[0]["reason"]?.asString != loaded[1]["reason"]?.asString)
        }

        @Test(
            "a mistake leaves the old configuration in force, and the log says what it is",
            arguments: [
                ("audiences: [", "jobpass.yaml:"), ("tokens: {}", "token"),
                ("tls: {certificate: none.crt, private_key: none.key}", "http URL"),
                ("keys: {directory: nowhere}", "'keys' is there twice"), ("contexts: {a: {allow: []}}", "allow"),
            ]
        )
        func bad(section: String, words: String) throws {
            let broker = try site.serve()
            let job = try site.register()
            let good = try Files.readText(site.configuration)
            try Files.replace(site.configuration, Array((good + "\n" + section + "\n").utf8), mode: 0o600)
            try reload(broker, until: "not reloaded")
            #expect(broker.said.contains(words), "\(broker.said)")
            #expect(try token(job, for: "first.example").status == 200)
            #expect(try site.entries("kind=config.loaded").count == 1)
        }

        @Test("what takes a restart is named, and the rest is in force")
        func restart() throws {
            let broker = try site.serve()
            let job = try site.register()
            try site.writeConfiguration(Self.audience("second.example", "log: {level: debug}"))
            let text = try Files.readText(site.configuration)
            let moved = text.split(separator: "\n").map { $0.hasPrefix("listen:") ? "listen: 127.0.0.1:1" : $0 }
            try Files.replace(site.configuration, Array(moved.joined(separator: "\n").utf8), mode: 0o600)
            try reload(broker, until: "some changes wait for a restart")
            #expect(broker.said.contains("listen, log"))
            #expect(try token(job, for: "second.example").status == 200)
        }

        @Test("a renewed certificate is shown to new connections, and a broken one to none")
        func certificate() throws {
            let authority = try TestAuthority()
            let (old, new) = (
                try authority.issue("old", for: ["IP:127.0.0.1"]), try authority.issue("new", for: ["IP:127.0.0.1"])
            )
            let (certificate, key) = (folder.path("tls.crt"), folder.path("tls.key"))
            func install(_ issued: TestAuthority.Issued) throws {
                try Files.replace(certificate, issued.certificate, mode: 0o600)
                try Files.replace(key, issued.key, mode: 0o600)
            }
            try install(old)
            try site.writeConfiguration(
                Self.audience("first.example", "tls: {certificate: \(certificate), private_key: \(key)}")
            )
            let text = try Files.readText(site.configuration)
            let secure = text.split(separator: "\n").map {
                $0.hasPrefix("issuer:") ? "issuer: https://127.0.0.1:\(site.port)" : $0
            }
            try Files.replace(site.configuration, Array(secure.joined(separator: "\n").utf8), mode: 0o600)
            let broker = try Running(
                "broker",
                in: folder,
                try BuiltCommand.path(),
                ["serve", "--config", site.configuration]
            )
            try broker.wait(until: "listening") { broker.said.contains("listening") }
            #expect(try subject() == "subject=CN = old")
            try install(new)
            try reload(broker, until: "reloaded")
            #expect(try subject() == "subject=CN = new")
            try Files.replace(key, old.key, mode: 0o600)
            try reload(broker, until: "not reloaded")
            #expect(try subject() == "subject=CN = new")
        }

        /// Whom the broker's certificate names.
        private func subject() throws -> String {
            let script =
                "openssl s_client -connect 127.0.0.1:\(site.port) </dev/null 2>/dev/null | openssl x509 -noout -subject"
            return try Finished("bash", ["-c", script]).output.split(separator: "\n").first.map(String.init) ?? ""
        }
    }
}
