import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// haproxy and nginx, as Debian ships them, in front of a broker that takes their word.
    @Suite("A broker behind a proxy knows its clients by their own addresses")
    struct PassageScenarios {
        private static let audiences = "audiences: [{audience: load, algorithm: ES256, allow: [{project: \"acme/*\"}]}]"

        private static func site(_ proxies: String, in folder: Folder) throws -> Site {
            try Site("\(audiences)\nproxies: {addresses: [127.0.0.1], header: \(proxies)}", in: folder)
        }

        /// Registers a run through a proxy, from an address of this machine, and answers which address the ledger has.
        private static func address(registering site: Site, at port: UInt16, options: [String] = []) throws -> String? {
            let body = #"{"project": "acme/web", "workflow": "w", "job": "j"}"#
            let call = try Finished(
                "curl",
                [
                    "--silent", "--fail", "--max-time", "20", "--interface", "127.0.0.9", "--json", body,
                    "--header", "Authorization: Bearer \(site.token(.orchestrator))",
                ] + options + ["http://127.0.0.1:\(port)/v1/runs"]
            )
            try #require(call.code == 0, "\(call)")
            let id = try #require(try JSON.parse(Array(call.output.utf8))["id"]?.asString)
            // The auditor comes through the proxy too: the broker serves nobody else from here.
            let found = try Finished(
                "curl",
                ["--silent", "--header", "Authorization: Bearer \(site.token(.auditor))"] + options
                    + ["http://127.0.0.1:\(port)/v1/audit/entries?kind=run.registered&run=\(id)"]
            )
            return try JSON.parse(Array(found.output.utf8))["entries"]?.asArray?.first?["address"]?.asString
        }

        private static func haproxy(_ server: String, for site: Site, in folder: Folder) throws -> (Running, UInt16) {
            let port = try FreePort.next()
            let configuration = try folder.write(
                "haproxy.cfg",
                """
                defaults
                    mode http
                    timeout connect 10s
                    timeout client 30s
                    timeout server 30s
                frontend in
                    bind 127.0.0.1:\(port)
                    default_backend broker
                backend broker
                    \(server.split(separator: "|").map { $0.replacing("PORT", with: "\(site.port)") }.joined(separator: "\n    "))

                """
            )
            return (try Running("haproxy", in: folder, "/usr/sbin/haproxy", ["-db", "-f", configuration]), port)
        }

        @Test(
            "haproxy's PROXY protocol, both versions, and its X-Forwarded-For",
            arguments: [
                ("proxy-protocol", "server one 127.0.0.1:PORT send-proxy"),
                ("proxy-protocol", "server one 127.0.0.1:PORT send-proxy-v2"),
                ("x-forwarded-for", "option forwardfor|server one 127.0.0.1:PORT"),
            ]
        )
        func haproxy(header: String, server: String) throws {
            let folder = try Folder()
            let site = try Self.site(header, in: folder)
            let broker = try Running(
                "broker",
                in: folder,
                try BuiltCommand.path(),
                ["serve", "--config", site.configuration]
            )
            let (proxy, port) = try Self.haproxy(server, for: site, in: folder)
            try proxy.wait(until: "the broker answers") {
                try Call("GET", "http://127.0.0.1:\(port)/readyz").status == 200
            }
            #expect(try Self.address(registering: site, at: port) == "127.0.0.9", "\(broker.said)")
            // What a client says of itself is not believed.
            let forged = ["--header", "X-Forwarded-For: 203.0.113.9", "--header", "Forwarded: for=203.0.113.9"]
            #expect(try Self.address(registering: site, at: port, options: forged) == "127.0.0.9")
            proxy.stop()
            broker.stop()
        }

        @Test("nginx's Forwarded, and curl's PROXY protocol where that is not what was configured")
        func nginx() throws {
            let folder = try Folder()
            let site = try Self.site("forwarded", in: folder)
            let broker = try site.serve()
            let port = try FreePort.next()
            let configuration = try folder.write(
                "nginx.conf",
                """
                daemon off;
                pid \(folder.path("nginx.pid"));
                error_log stderr;
                events {}
                http {
                    access_log off;
                    client_body_temp_path \(folder.path("body")); proxy_temp_path \(folder.path("proxy"));
                    fastcgi_temp_path \(folder.path("fastcgi")); uwsgi_temp_path \(folder.path("uwsgi"));
                    scgi_temp_path \(folder.path("scgi"));
                    server {
                        listen 127.0.0.1:\(port);
                        location / {
                            proxy_pass http://127.0.0.1:\(site.port);
                            proxy_set_header Forwarded "for=$remote_addr;proto=http";
                        }
                    }
                }
                """
            )
            let proxy = try Running("nginx", in: folder, "/usr/sbin/nginx", ["-e", "stderr", "-c", configuration])
            try proxy.wait(until: "the broker answers") {
                try Call("GET", "http://127.0.0.1:\(port)/readyz").status == 200
            }
            #expect(try Self.address(registering: site, at: port) == "127.0.0.9", "\(proxy.said)\n\(broker.said)")
            let wrong = try Finished(
                "curl",
                [
                    "--silent", "--haproxy-protocol", "--output", "/dev/null", "--write-out", "%{http_code}",
                    "\(site.url)/readyz",
                ]
            )
            #expect(wrong.output == "400", "\(wrong)")
            proxy.stop()
            broker.stop()
        }
    }
}
