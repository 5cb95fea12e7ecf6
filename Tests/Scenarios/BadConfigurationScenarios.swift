import POSIX
import Support
import Testing

extension Scenarios {
    /// A configuration with one fault each, against `config check` and `serve`.
    @Suite("Bad configuration never starts, and says where and what to write")
    struct BadConfigurationScenarios {
        private let folder: Folder
        private let site: Site

        init() throws {
            folder = try Folder()
            site = try Site(
                "targets:\n  own:\n    type: none\n    audience: own.example\n    allow: [{project: acme/web}]\n",
                in: folder
            )
        }

        @Test(
            "a fault in the text",
            arguments: [
                ("issuer: ", "isuser: ", "issuer"),
                ("issuer: http://127.0.0.1", "issuer: http://ci.example.com", "https"),
                ("algorithms: [RS256, ES256]", "algorithms: [RS256, ES256", "mend the YAML"),
                ("type: none", "type: nil", "none"),
                ("algorithms: [RS256, ES256]", "algorithms: {RS256: 1}", "list"), ("type: none", "type: aws", "role"),
                ("allow: [{project: acme/web}]", "allow: []", "rule"), ("token_sha256: ", "token_sha256: x", "hex"),
                ("listen: ", "listen: everywhere:", "listen"),
            ]
        )
        func text(fault: (right: String, wrong: String, hint: String)) throws {
            let text = try Files.readText(site.configuration)
            let parts = text.split(separator: fault.right, maxSplits: 1, omittingEmptySubsequences: false)
            try #require(parts.count == 2, "the configuration has no '\(fault.right)'")
            try folder.write("site/jobpass.yaml", parts.joined(separator: fault.wrong))
            for command in [["config", "check"], ["serve"]] {
                let run = try site.command(command)
                #expect(run.code == 78, "\(run)")
                #expect(run.error.contains("jobpass.yaml:"), "no file and line: \(run)")
                #expect(run.error.contains(fault.hint), "\(run)")
            }
        }

        @Test("a missing key and a key that others may read")
        func keys() throws {
            let keys = site.folder.path("site/keys/trusted")
            let name = try #require(try Files.list(keys).first { $0.hasSuffix(".pem") })
            let text = try Files.readText("\(keys)/\(name)")
            try Files.replace("\(keys)/\(name)", Array(text.utf8), mode: 0o640)
            let loose = try site.command(["serve"])
            #expect(loose.code == 78, "\(loose)")
            #expect(loose.error.contains("chmod 600"), "\(loose)")
            for name in try Files.list(keys) { try Files.remove("\(keys)/\(name)") }
            let missing = try site.command(["serve"])
            #expect(missing.code == 78, "\(missing)")
            #expect(missing.error.contains("keys.algorithms"), "\(missing)")
        }
    }
}
