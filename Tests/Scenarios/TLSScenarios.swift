import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// What `testssl` would look for, asked by OpenSSL's own client.
    @Suite("TLS is as it should be")
    struct TLSScenarios {
        private let folder: Folder
        private let site: Site
        private let broker: Running

        init() throws {
            folder = try Folder()
            site = try Site("audiences: [{audience: a, allow: [{project: \"acme/*\"}]}]", in: folder)
            try Self.authority(in: folder)
            try Self.certificate("one", in: folder)
            try site.writeConfiguration(
                """
                tls: {certificate: \(folder.path("tls.crt")), private_key: \(folder.path("tls.key"))}
                audiences: [{audience: a, allow: [{project: "acme/*"}]}]
                """,
                issuer: "https://127.0.0.1:\(site.port)"
            )
            broker = try Running(
                "broker",
                in: folder,
                try BuiltCommand.path(),
                ["serve", "--config", site.configuration]
            )
            let (port, folder) = (site.port, folder)
            try broker.wait(until: "ready") {
                try Finished(
                    "curl",
                    ["--silent", "--fail", "--cacert", folder.path("root.crt"), "https://127.0.0.1:\(port)/readyz"]
                ).code == 0
            }
        }

        private static func openssl(_ arguments: [String], input: String = "") throws -> Finished {
            try Finished("openssl", arguments, input: input)
        }

        private static func made(_ arguments: [String]) throws {
            let run = try openssl(arguments)
            try #require(run.code == 0, "\(run)")
        }

        private static let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

        /// A root, and an authority below it that signs what servers show.
        private static func authority(in folder: Folder) throws {
            let root = ["-keyout", folder.path("root.key"), "-out", folder.path("root.crt")]
            try made(["req", "-x509", "-days", "2", "-subj", "/CN=root"] + key + root)
            let request = ["-keyout", folder.path("ca.key"), "-out", folder.path("ca.csr")]
            try made(["req", "-subj", "/CN=intermediate"] + key + request)
            try folder.write("ca.ext", "basicConstraints=critical,CA:TRUE\n")
            try made(
                [
                    "x509", "-req", "-days", "2", "-in", folder.path("ca.csr"), "-CA", folder.path("root.crt"),
                    "-CAkey", folder.path("root.key"), "-extfile", folder.path("ca.ext"), "-out", folder.path("ca.crt"),
                ]
            )
        }

        /// The server's certificate and chain, in place of those that are there.
        private static func certificate(_ name: String, in folder: Folder) throws {
            let request = ["-keyout", folder.path("new.key"), "-out", folder.path("tls.csr")]
            try made(["req", "-subj", "/CN=\(name)"] + key + request)
            try folder.write("tls.ext", "subjectAltName=IP:127.0.0.1\n")
            try made(
                [
                    "x509", "-req", "-days", "1", "-in", folder.path("tls.csr"), "-CA", folder.path("ca.crt"),
                    "-CAkey", folder.path("ca.key"), "-extfile", folder.path("tls.ext"), "-out",
                    folder.path("leaf.crt"),
                ]
            )
            try folder.write("tls.key", try Files.readText(folder.path("new.key")))
            let chain = try ["leaf.crt", "ca.crt"].map { try Files.readText(folder.path($0)) }
            try folder.write("tls.crt", chain.joined())
        }

        /// What OpenSSL's client says of a connection that it makes and ends.
        private func look(_ options: [String], input: String = "") throws -> Finished {
            let place = ["s_client", "-connect", "127.0.0.1:\(site.port)", "-CAfile", folder.path("root.crt")]
            return try Self.openssl(place + options, input: input)
        }

        @Test("the versions are 1.2 and 1.3")
        func versions() throws {
            for (option, isSpoken) in [("-tls1_3", true), ("-tls1_2", true), ("-tls1_1", false), ("-tls1", false)] {
                // Without its own security level the client would not even ask.
                let run = try look([option, "-cipher", "ALL:@SECLEVEL=0"])
                #expect((run.code == 0) == isSpoken, "\(option): \(run)")
            }
        }

        @Test("no cipher without forward secrecy and authentication of what is sealed")
        func ciphers() throws {
            for cipher in [
                "AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384",
                "DES-CBC3-SHA", "DHE-RSA-AES128-GCM-SHA256", "NULL", "aNULL", "PSK",
            ] {
                let run = try look(["-tls1_2", "-cipher", "\(cipher):@SECLEVEL=0"])
                #expect(run.code != 0, "\(cipher): \(run)")
            }
            // The client speaks this version where a cipher is one of ours: it is the cipher that was refused.
            #expect(try look(["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"]).code == 0)
        }

        @Test("the chain is whole, the protocol HTTP/1.1, nothing is compressed, and nothing is negotiated anew")
        func connection() throws {
            let run = try look(["-tls1_2", "-alpn", "h2,http/1.1", "-verify_return_error", "-showcerts"], input: "R\n")
            #expect(run.output.contains("Verify return code: 0 (ok)"), "\(run)")
            #expect(run.output.contains("ALPN protocol: http/1.1"))
            #expect(run.output.contains("Compression: NONE"))
            #expect(run.output.contains("Secure Renegotiation IS supported"))
            #expect(
                run.output.split(separator: "-----BEGIN CERTIFICATE-----").count == 3,
                "the leaf and the authority"
            )
            #expect(
                run.error.contains("no renegotiation") || run.error.contains("unexpected message") || run.code != 0,
                "\(run)"
            )
            #expect(try look(["-alpn", "h2"]).code != 0)
        }

        @Test("clients are told to come by TLS alone, refused ones too")
        func strictTransport() throws {
            for request in ["GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "nonsense\r\n\r\n"] {
                let run = try look(["-quiet", "-ign_eof"], input: request)
                #expect(run.output.contains("Strict-Transport-Security: max-age=31536000"), "\(run)")
            }
        }

        @Test("a new certificate is shown to new connections, while an old one goes on")
        func reload() throws {
            let request = "GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
            // The client asks once, waits until it is told, and asks again on the same connection.
            let script = """
                { printf '\(request)'; until [ -e "$0/go" ]; do sleep 0.05; done
                  printf '\(request.replacing("\\r\\n\\r\\n", with: "\\r\\nConnection: close\\r\\n\\r\\n"))'; } |
                openssl s_client -connect 127.0.0.1:\(site.port) -CAfile "$0/root.crt" -ign_eof -showcerts
                """
            let old = try Running("client", in: folder, "/bin/sh", ["-c", script, folder.root])
            try old.wait(until: "the first answer") { old.said.contains("200 OK") }
            try Self.certificate("two", in: folder)
            broker.send(.hangUp)
            try broker.wait(until: "the new certificate is shown") {
                try look([]).output.contains("subject=CN = two")
            }
            try folder.write("go", "")
            try old.wait(until: "the end") { old.hasEnded }
            #expect(old.said.contains("subject=CN = one"), "\(old.said)")
            #expect(old.said.split(separator: "200 OK").count == 3, "\(old.said)")
        }
    }
}
