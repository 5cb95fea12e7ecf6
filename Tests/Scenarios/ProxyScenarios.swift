import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// The files of `deploy/proxy` in nginx and Envoy themselves, with other ports and names of files.
    @Suite("A proxy in front of the broker")
    struct ProxyScenarios {
        enum Proxy: String, CaseIterable {
            case nginx
            case envoy
        }

        private let folder: Folder
        private let authority: TestAuthority
        private let site: Site
        private let port: UInt16

        init() throws {
            folder = try Folder()
            authority = try TestAuthority()
            port = try FreePort.next()
            site = try Site("", in: folder)
            let shipped = try Files.readText(RelyingParty.file("deploy/proxy/jobpass.yaml"))
            let proxies = shipped.split(separator: "\n").drop { $0 != "proxies:" }.prefix(3)
            #expect(proxies.count == 3 && proxies.dropFirst().allSatisfy { $0.hasPrefix("  ") }, "\(proxies)")
            // Few enough for a test to use up; the machine's own addresses are held to it too.
            try site.writeConfiguration(
                """
                ledger: {origin: "127.0.0.1:\(site.port)"}
                audiences:
                  - {audience: service.example, allow: [{project: acme/web}]}
                \(proxies.joined(separator: "\n"))
                limits: {address_rate: 1, address_burst: 12, unlimited_addresses: []}

                """,
                issuer: "https://127.0.0.1:\(port)"
            )
        }

        private var url: String { "https://127.0.0.1:\(port)" }

        /// The shipped file with what is another here than at those who copy it.
        private func configuration(_ path: String, _ changes: [(String, String)]) throws -> String {
            let issued = try authority.issue("proxy", for: ["IP:127.0.0.1", "IP:::1"])
            var text = try Files.readText(RelyingParty.file(path))
            for (old, new) in changes + [
                ("/etc/jobpass/tls.crt", issued.certificateFile), ("/etc/jobpass/tls.key", issued.keyFile),
            ] {
                #expect(text.contains(old), "\(path) has no '\(old)' any more")
                text = text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
            }
            return text
        }

        private func start(_ proxy: Proxy) throws -> Running {
            switch proxy {
            case .nginx:
                let changes = [
                    ("server 127.0.0.1:8080;", "server 127.0.0.1:\(site.port);"),
                    ("    listen 80;\n    listen [::]:80;\n", "    listen 127.0.0.1:\(try FreePort.next());\n"),
                    (
                        "    listen 443 ssl http2;\n    listen [::]:443 ssl http2;\n",
                        "    listen 127.0.0.1:\(port) ssl http2;\n    listen [::1]:\(port) ssl http2;\n"
                    ),
                ]
                let server = try folder.write("jobpass.conf", try configuration("deploy/proxy/nginx.conf", changes))
                // One process alone, which is gone when the test ends it, however it does.
                let main = """
                    daemon off; master_process off; pid \(folder.path("nginx.pid")); error_log stderr; worker_processes 1;
                    events {}
                    http {
                        access_log off;
                        client_body_temp_path \(folder.path("body")); proxy_temp_path \(folder.path("proxy"));
                        fastcgi_temp_path \(folder.path("fast")); uwsgi_temp_path \(folder.path("u")); scgi_temp_path \(folder.path("s"));
                        include \(server);
                    }
                    """
                let file = try folder.write("nginx.conf", main)
                return try Running("nginx", in: folder, "nginx", ["-p", folder.root, "-e", "stderr", "-c", file])
            case .envoy:
                let changes = [
                    ("address: 127.0.0.1, port_value: 8080", "address: 127.0.0.1, port_value: \(site.port)"),
                    ("address: 0.0.0.0, port_value: 443", "address: 127.0.0.1, port_value: \(port)"),
                    ("port_value: 9901", "port_value: \(try FreePort.next())"),
                ]
                let file = try folder.write("envoy.yaml", try configuration("deploy/proxy/envoy.yaml", changes))
                let program = try RelyingParty.program("envoy")
                let arguments = ["-c", file, "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "warning"]
                return try Running("envoy", in: folder, program, arguments)
            }
        }

        /// What curl writes of an answer: its head, then its body.
        private func curl(_ arguments: String..., path: String) throws -> String {
            try Finished("curl", quiet + arguments + [url + path]).output
        }

        private var quiet: [String] {
            ["--silent", "--include", "--max-time", "20", "--cacert", authority.certificateFile]
        }

        @Test("through nginx and Envoy, a job gets its token as without them", arguments: Proxy.allCases)
        func token(proxy: Proxy) throws {
            let broker = try site.serve()
            let running = try start(proxy)
            try running.wait(until: "passing on") { try curl(path: "/readyz").contains(" 200") }
            let body = try folder.write("run.json", #"{"project": "acme/web", "workflow": "deploy", "job": "release"}"#)
            let registered = try curl(
                "--header",
                "Authorization: Bearer \(site.token(.orchestrator))",
                "--json",
                "@\(body)",
                path: "/v1/runs"
            )
            let text = try #require(registered.split(separator: "\r\n\r\n").last)
            let job = try Job(try JSON.parse(Array(text.utf8)))
            #expect(job.environment["JOBPASS_URL"] == url)
            let trust = ["--ca", authority.certificateFile]
            let token = try job.command(["token", "--audience", "service.example"] + trust)
            #expect(token.code == 0, "\(token)")
            let verified = try Finished(
                try BuiltCommand.path(),
                ["verify", "--issuer", url, "--audience", "service.example"] + trust,
                input: token.output
            )
            #expect(verified.code == 0, "\(verified)")
            #expect(try job.command(["whoami"] + trust).output.contains("acme/web"))
            #expect(broker.stop() == .exited(0))
            // A broker that is gone is an outage, and nothing that the proxy makes up instead.
            let gone = try job.command(["token", "--audience", "service.example"] + trust)
            #expect(gone.code == 69, "\(gone)")
        }

        @Test("the proxy keeps HSTS, limits and what is inside", arguments: Proxy.allCases)
        func edges(proxy: Proxy) throws {
            let broker = try site.serve()
            let running = try start(proxy)
            try running.wait(until: "passing on") { try curl(path: "/readyz").contains(" 200") }
            let discovery = try curl("--http2", path: "/.well-known/openid-configuration")
            #expect(discovery.hasPrefix("HTTP/2 200"))
            #expect(discovery.lowercased().split(separator: "strict-transport-security:").count == 2, "\(discovery)")
            #expect(discovery.contains("\"issuer\":\"\(url)\""))
            #expect(try curl(path: "/metrics").contains(" 403"))
            let large = try folder.write("large", String(repeating: "x", count: 300 << 10))
            let refused = try curl("--data-binary", "@\(large)", path: "/v1/runs")
            #expect(refused.contains(" 413"), "\(refused.prefix(200))")
            try ownBuckets()
            if proxy == .nginx {
                // An address of IPv6 in a field of its own needs no brackets.
                let six = try Finished("curl", quiet + ["https://[::1]:\(port)/log/key"]).output
                #expect(six.contains(" 200"), "\(six)")
            }
            #expect(broker.stop() == .exited(0))
        }

        /// One client asks until it is refused, whatever it says of itself; the proxy's other client is not.
        private func ownBuckets() throws {
            let forged = ["Forwarded: for=127.0.0.10", "X-Forwarded-For: 127.0.0.10"].flatMap { ["--header", $0] }
            let untilRefused = ["--fail-with-body", "--fail-early", "--interface", "127.0.0.9"]
            let many = Array(repeating: url + "/log/key", count: 20)
            let deadline = ContinuousClock.now + .seconds(30)
            var greedy = ""
            while !greedy.contains("slow_down"), ContinuousClock.now < deadline {
                // One curl with one connection: faster than a bucket fills.
                greedy = try Finished("curl", quiet + untilRefused + forged + many).output
            }
            #expect(greedy.contains("slow_down") && greedy.contains("address 127.0.0.9"), "\(greedy.prefix(2_000))")
            let modest = try curl("--interface", "127.0.0.10", path: "/log/key")
            #expect(modest.contains(" 200"), "\(modest)")
        }
    }
}
