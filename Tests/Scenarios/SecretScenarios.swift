import Encoding
import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// Static secrets as a team handles them: by the built command, at a live broker and in its store beside it.
    @Suite("Static secrets live from import to deletion, and are seen by nobody but their jobs")
    struct SecretScenarios {
        private let folder: Folder
        private let site: Site
        private let broker: Running

        init() throws {
            folder = try Folder()
            site = try Site(
                """
                targets:
                  bao:
                    type: vault
                    address: http://127.0.0.1:9
                    role: deploy
                    audience: https://openbao.example
                    timeout: 1s
                    allow: [{project: acme/web}]
                    fallback: {context: web-prod, until: 2099-12-31, reason: why, budget: 2/day}
                contexts:
                  web-dev: {allow: [{project: acme/web, environment: dev}]}
                  web-qa: {allow: [{project: acme/web, environment: qa}]}
                  web-prod: {allow: [{project: acme/web, environment: production}], max_age: 90d}
                """,
                in: folder
            )
            broker = try site.serve()
        }

        /// The command as the administrator at the broker's address.
        private func remote(_ arguments: [String], input: String = "") throws -> Finished {
            let token = folder.path("admin.token")
            if try Files.status(token) == nil {
                try Files.writeNew(token, Array(site.token(.administrator).utf8))
            }
            return try Finished(
                try BuiltCommand.path(),
                arguments,
                environment: ["JOBPASS_URL": site.url, "JOBPASS_TOKEN_FILE": token],
                input: input
            )
        }

        private func job(_ environment: String) throws -> Job {
            try site.register(["environment": .string(environment)])
        }

        @Test("one code base gets the secrets of its environment, and a stranger's run gets none")
        func environments() throws {
            for name in ["dev", "qa", "prod"] {
                #expect(try remote(["secret", "set", "web-\(name)", "DB"], input: "db-of-\(name)").code == 0)
            }
            for (environment, context) in [("dev", "dev"), ("qa", "qa"), ("production", "prod")] {
                let run = try job(environment).command(["exec", "--context", "web-\(context)", "--", "printenv", "DB"])
                #expect(run.code == 0 && run.output == "***\n", "a static value is masked: \(run)")
                let check = ["sh", "-c", "[ \"$DB\" = db-of-\(context) ]"]
                #expect(try job(environment).command(["exec", "-c", "web-\(context)", "--"] + check).code == 0)
                let other = try job(environment).command([
                    "exec", "--context", "web-\(context == "dev" ? "qa" : "dev")", "--", "true",
                ])
                #expect(other.code == 77, "\(other)")
            }
            let fork = try site.register(["environment": "dev", "trust": "untrusted"])
            #expect(try fork.command(["exec", "--context", "web-dev", "--", "true"]).code == 77)
        }

        @Test("a secret is imported, rotated by a command, listed, brought back, exported and imported again")
        func life() throws {
            let file = try folder.write(".env", "export A='one two'\r\nB=\"x\\ny\" # why\nC=\n")
            let dry = try remote(["secret", "import", file, "--context", "web-dev", "--dry-run"])
            #expect(dry.output.contains("A     added") && dry.output.contains("WOULD BE"), "\(dry)")
            #expect(dry.error.contains("C is empty and was left out") && dry.error.contains("nothing was changed"))
            #expect(try remote(["secret", "list", "web-dev"]).error.contains("holds no secrets"))
            #expect(try remote(["secret", "import", file, "--context", "web-dev"]).code == 0)
            let again = try remote(["secret", "import", file, "--context", "web-dev"])
            #expect(again.output.contains("left as it is") && !again.output.contains("added"), "\(again)")
            let rotated = try remote([
                "secret", "rotate", "web-dev", "A", "--grace", "1h", "--command", "echo new-$JOBPASS_SECRET_NAME",
            ])
            #expect(rotated.error.contains("version 2 is current, version 1 readable for 1h"), "\(rotated)")
            let failed = try remote(["secret", "rotate", "web-dev", "A", "--command", "echo half; exit 3"])
            #expect(failed.code == 65 && failed.error.contains("exit code 3; nothing was changed"), "\(failed)")
            let run = try job("dev")
            #expect(try run.command(["secret", "get", "web-dev", "A"]).output == "new-A")
            #expect(try run.command(["secret", "get", "web-dev", "A", "--version", "1"]).output == "one two")
            #expect(try run.command(["secret", "get", "web-dev", "B"]).output == "x\ny")
            let versions = try remote(["secret", "versions", "web-dev", "A"])
            #expect(versions.output.contains("2        current") && versions.output.contains("1        readable"))
            #expect(try remote(["secret", "rollback", "web-dev", "A"]).error.contains("version 3 is current"))
            #expect(try remote(["secret", "delete", "web-dev", "B"]).code == 0)
            #expect(try run.command(["secret", "get", "web-dev", "B"]).code != 0)
            #expect(try remote(["secret", "rollback", "web-dev", "B"]).code == 0)
            try export()
            let refused = try remote(["secret", "set", "web-dev", "A", "hunter2"])
            #expect(refused.code == 64 && refused.error.contains("takes no value as an argument"), "\(refused)")
            #expect(!refused.error.contains("hunter2"))
        }

        private func export() throws {
            let phrase = try folder.write("phrase", "correct horse battery staple\n")
            let sealed = folder.path("sealed")
            let out = try site.command(["secret", "export", "web-dev", "--output", sealed, "--passphrase-file", phrase])
            #expect(out.code == 0 && out.error.contains("exported 2 secrets"), "\(out)")
            #expect(try site.command(["secret", "delete", "web-dev", "A"]).code == 0)
            let back = try site.command(["secret", "import", sealed, "--passphrase-file", phrase])
            #expect(back.code == 0 && back.output.contains("left as it is"), "\(back)")
            #expect(try job("dev").command(["secret", "get", "web-dev", "A"]).output == "one two")
            let wrong = try folder.write("wrong", "another horse battery staple\n")
            let refused = try site.command(["secret", "import", sealed, "--passphrase-file", wrong])
            #expect(refused.code == 65 && refused.error.contains("the passphrase does not open it"), "\(refused)")
        }

        @Test("a value that is no text reaches a job as a file and in base64, byte for byte")
        func binary() throws {
            let bytes: [UInt8] = [0, 0xFF, 10, 0, 13, 10, 0xC3]
            try Files.writeNew(folder.path("keystore"), bytes)
            let set = ["secret", "set", "web-dev", "KEYSTORE", "--file", folder.path("keystore")]
            #expect(try remote(set).code == 0)
            let run = try job("dev")
            let out = folder.path("out")
            #expect(try run.command(["secret", "get", "web-dev", "KEYSTORE", "--output", out]).code == 0)
            #expect(try Files.read(out) == bytes)
            let script = "[ \"$KEYSTORE_BASE64\" = \(Base64.encode(bytes)) ] && [ -z \"$KEYSTORE\" ] && echo right"
            let exec = try run.command(["exec", "--context", "web-dev", "--", "sh", "-c", script])
            #expect(exec.output.hasPrefix("right"), "\(exec)")
        }

        @Test(
            "what cannot be taken changes nothing and says why",
            arguments: [
                ("A=1\nA=2\n", "line 2: A is there already"), ("A-B=1\nC=2\n", "line 1: what stands before '='"),
                ("C=2\nA=${B}\n", "say --interpolation"), ("C=2\nA=\"x\n", "does not end"),
                ("C=2\nNAME\n", "has no '='"),
                ("{\"A\": 1, \"C\": \"2\"}", "A is no text"), ("", "nothing in it"), ("{\"A\":", "no JSON"),
            ]
        )
        func badImports(_ text: String, _ reason: String) throws {
            let run = try remote(["secret", "import", "-", "--context", "web-qa"], input: text)
            #expect(run.code == 65 && run.error.contains(reason), "\(run)")
            #expect(run.error.contains("nothing was changed"))
            #expect(try remote(["secret", "list", "web-qa"]).error.contains("holds no secrets"))
        }

        @Test("the budget of a fallback holds at the command line too, and says so")
        func budget() throws {
            #expect(try remote(["secret", "set", "web-prod", "VAULT_TOKEN"], input: "s.the-old-one").code == 0)
            let run = try job("production")
            for _ in 0..<2 {
                let used = try run.command(["exec", "bao", "--", "printenv", "VAULT_TOKEN"])
                #expect(used.code == 0 && used.output == "***\n", "\(used)")
            }
            let over = try run.command(["exec", "bao", "--", "true"])
            #expect(over.code != 0 && over.error.contains("its budget of 2/day is used up"), "\(over)")
            let denied = try site.entries("kind=secret.denied&target=bao")
            #expect(denied.count == 1 && denied[0]["cause"]?.asString?.isEmpty == false)
            let report = try remote(["secret", "report", "--json"]).output
            let secret = try JSON.parse(Array(report.utf8))["secrets"]?.asArray?.first
            #expect(secret?["fallback_uses"] == 2 && secret?["verdict"] == "keep", "\(report)")
        }
    }
}
