import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// What auditors do, on a ledger of some thousand entries behind a running broker.
    @Suite("Auditors")
    struct AuditScenarios {
        @Test("verify from the broker, from the store and from an export, which is the same bytes again, in parts too")
        func verified() throws {
            let audited = try Audited()
            for place in [["--url", audited.site.url], ["--config", audited.site.configuration]] {
                let run = try Finished(
                    try BuiltCommand.path(),
                    ["audit", "verify", "--key", audited.key, "--json"] + place,
                    environment: audited.environment
                )
                #expect(run.code == 0, "\(run)")
                #expect(try JSON.parse(Array(run.output.utf8))["verified"] == true)
            }
            let whole = try audited.audit("export", "--key", audited.key)
            #expect(whole.code == 0, "\(whole.error)")
            let path = try audited.folder.write("whole.jsonl", whole.output)
            #expect(try audited.audit("verify", path, "--key", audited.key).code == 0)
            #expect(try audited.audit("export", "--key", audited.key, "--checkpoint", path).output == whole.output)
            let lines = whole.output.split(separator: "\n")
            let rest = try audited.audit("export", "--key", audited.key, "--checkpoint", path, "--cursor", "999")
            #expect(rest.output == lines[1_000...].joined(separator: "\n") + "\n")
            // A line gone, changed, swapped, or the end cut off.
            var swapped = lines
            swapped.swapAt(700, 701)
            let changed = lines.map { $0.contains("\"index\":77,") ? $0.replacing("acme/", with: "acne/") : $0 }
            for (name, bad) in [
                ("gap", Array(lines[..<500] + lines[501...])), ("swapped", swapped), ("cut", Array(lines.dropLast())),
                ("changed", changed),
            ] {
                let file = try audited.folder.write("\(name).jsonl", bad.joined(separator: "\n") + "\n")
                #expect(try audited.audit("verify", file, "--key", audited.key).code == 65, "\(name)")
            }
            audited.broker.stop()
        }

        @Test("find every row that was changed, removed, inserted or swapped behind the broker's back, with its index")
        func tampered() throws {
            let audited = try Audited()
            audited.broker.stop()
            let clean = try Files.read(audited.site.store, limit: 1 << 26)
            let faults = [
                (
                    "UPDATE ledger_entries SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || x'20' AS BLOB) WHERE position = 1234",
                    1234
                ),
                ("DELETE FROM ledger_entries WHERE position = 77", 77),
                ("INSERT INTO ledger_entries SELECT 99999, bytes FROM ledger_entries WHERE position = 5", 99_999),
                (
                    """
                    UPDATE ledger_entries SET position = -1 WHERE position = 300; UPDATE ledger_entries SET position = 300 WHERE position = 301;
                    UPDATE ledger_entries SET position = 301 WHERE position = -1
                    """, 300
                ),
                (
                    "UPDATE ledger_tiles SET hashes = CAST(x'00' || substr(hashes, 2) AS BLOB) WHERE level = 0 AND number = 2",
                    512
                ),
            ]
            for (statement, index) in faults {
                try audited.tamper(statement)
                let run = try audited.audit("verify", "--config", audited.site.configuration)
                #expect(run.code == 65, "\(statement): \(run)")
                if index != 99_999 { #expect(run.error.contains("entry \(index)"), "\(statement): \(run)") }
                for suffix in ["-wal", "-shm"] { try? Files.remove(audited.site.store + suffix) }
                try Files.replace(audited.site.store, clean)
            }
            #expect(try audited.audit("verify", "--config", audited.site.configuration).code == 0)
        }

        @Test("find a row of the searches' index that was changed or removed, with the entry that it would hide")
        func tamperedIndex() throws {
            let audited = try Audited(entries: 4_500)
            let refused = try #require(try audited.site.entries("outcome=refused&limit=1000").last?["index"]?.asInteger)
            audited.broker.stop()
            let index = "\(audited.site.store).index"
            let sound = try audited.audit("verify", "--config", audited.site.configuration, "--json")
            #expect(try JSON.parse(Array(sound.output.utf8))["indexed"] == 4_096, "\(sound)")
            let clean = try Files.read(index, limit: 1 << 26)
            // Field 2 is the outcome, and the fewest entries are refused, so that theirs is the shortest row.
            let rows = "FROM rows WHERE (key >> 8) & 31 = 2 AND (key >> 13) = (SELECT min(key >> 13) FROM rows)"
            let faults = [
                "DELETE FROM rows WHERE key = (SELECT key \(rows) ORDER BY length(bytes) LIMIT 1)",
                """
                UPDATE rows SET bytes = CAST(x'00000000' || substr(bytes, 5) AS BLOB)
                WHERE key = (SELECT key \(rows) ORDER BY length(bytes) LIMIT 1)
                """,
                "UPDATE days SET entries = entries + 1 WHERE outcome = 'denied'",
            ]
            for (number, fault) in faults.enumerated() {
                try audited.tamper(fault, in: index)
                let run = try audited.audit("verify", "--config", audited.site.configuration)
                #expect(run.code == 65 && run.error.contains(".index"), "\(fault): \(run)")
                if number == 0 { #expect(run.error.contains("entry \(refused)"), "\(refused): \(run)") }
                for suffix in ["-wal", "-shm"] { try? Files.remove(index + suffix) }
                try Files.replace(index, clean)
            }
            // What is lost is made again, and agrees.
            try Files.remove(index)
            let broker = try audited.site.serve()
            try broker.wait(until: "indexed") {
                try audited.audit("verify", "--config", audited.site.configuration).output.contains("first 4096")
            }
            broker.stop()
        }

        @Test(
            "find a log that was cut short together with its checkpoint, by one that was kept; and a witness refuses the fork"
        )
        func truncated() throws {
            let audited = try Audited(entries: 1_000)
            audited.broker.stop()
            for suffix in ["-wal", "-shm"] { try? Files.remove(audited.site.store + suffix) }
            let old = try Files.read(audited.site.store, limit: 1 << 26)
            let witness = try WitnessUnderTest(in: audited.folder, of: audited.key)
            try audited.site.writeConfiguration("ledger:\n  witnesses: [\"\(witness.key) \(witness.url)\"]\n")
            var broker = try audited.site.serve()
            try broker.wait(until: "cosigned") {
                try Call("GET", "\(audited.site.url)/log/witnessed").body.contains("\u{2014} \(WitnessUnderTest.name) ")
            }
            let kept = try audited.folder.write("kept", try Call("GET", "\(audited.site.url)/log/checkpoint").body)
            #expect(try audited.audit("consistency", kept, "--key", audited.key).code == 0)
            broker.stop()
            // The store goes back to what it was, and another history begins.
            for suffix in ["-wal", "-shm"] { try? Files.remove(audited.site.store + suffix) }
            try Files.replace(audited.site.store, old)
            broker = try audited.site.serve()
            for _ in 0..<12 { _ = try audited.site.register() }
            try witness.process.wait(until: "a shout") { witness.said.contains("FORK") }
            try broker.wait(until: "the broker's own word for it") {
                broker.said.contains("a witness refuses the ledger")
            }
            #expect(try Files.list(witness.directory).contains { $0.hasPrefix("fork-") }, "no evidence was kept")
            #expect(try audited.audit("consistency", kept, "--key", audited.key).code == 65)
            let run = try audited.audit("verify", "--key", audited.key, "--checkpoint", kept)
            #expect(run.code == 65, "\(run)")
            #expect(try Call("GET", "\(audited.site.url)/readyz").status == 200, "a witness stopped the broker")
            broker.stop()
            witness.process.stop()
        }

        @Test("trace an access key, a session and a CloudTrail event to their run, and find a session without a token")
        func traced() throws {
            let audited = try Audited(entries: 600)
            let entry = try #require(try audited.site.entries("kind=exchange.succeeded&limit=1").first)
            let access = try #require(entry["credential"]?.asString)
            let session = try #require(entry["session"]?.asString)
            for word in [access, session, try #require(entry["run"]?.asString)] {
                let run = try audited.audit("trace", word, "--json")
                let story = try JSON.parse(Array(run.output.utf8))["entries"]?.asArray ?? []
                #expect(story.first?["kind"] == "run.registered", "\(word): \(run)")
                #expect(story.last?["kind"] == "run.ended")
            }
            func event(_ key: String) -> JSON {
                [
                    "eventName": "AssumeRoleWithWebIdentity", "eventTime": "2026-11-20T10:00:00Z", "eventID": "\(key)",
                    "userIdentity": [
                        "type": "WebIdentityUser", "userName": "project:nobody",
                        "identityProvider":
                            "arn:aws:iam::123456789012:oidc-provider/127.0.0.1:\(Int64(audited.site.port))",
                    ],
                    "responseElements": ["credentials": ["accessKeyId": "\(key)"]],
                ]
            }
            let trail: JSON = ["Records": [event(access), event("ASIASTOLEN")]]
            let file = try audited.folder.write("trail.json", trail.text)
            let run = try audited.audit("trace", "--cloudtrail", file, "--json")
            #expect(run.code == 65, "\(run)")
            let sessions = try JSON.parse(Array(run.output.utf8))["sessions"]?.asArray ?? []
            #expect(sessions.map { $0["explained"] } == [true, false])
            #expect(try audited.audit("trace", "nothing").code == 65)
            // Google's event of the exchange, and Azure's of a call with the token, told by what they name.
            let subject = try #require(entry["claims"]?["sub"]?.asString)
            let time = try #require(entry["time"]?.asString)
            let google: JSON = [
                "protoPayload": [
                    "serviceName": "sts.googleapis.com", "authenticationInfo": ["principalSubject": .string(subject)],
                    "methodName": "google.identity.sts.v1.SecurityTokenService.ExchangeToken",
                ], "timestamp": .string(time),
            ]
            let azure: JSON = [
                "time": .string(time), "category": "ServicePrincipalSignInLogs",
                "properties": ["uniqueTokenIdentifier": .string(access)],
            ]
            for (name, event) in [("google", google), ("azure", azure)] {
                let told = try audited.audit("trace", try audited.folder.write("\(name).json", event.text), "--json")
                let found = try JSON.parse(Array(told.output.utf8))["entries"]?.asArray ?? []
                #expect(found.contains { $0["index"] == entry["index"] }, "\(name): \(told)")
                #expect(found.first?["kind"] == "run.registered", "\(name)")
            }
            let other = try audited.folder.write("other.json", azure.text.replacing(access, with: "unknown"))
            #expect(try audited.audit("trace", other).code == 65)
            audited.broker.stop()
        }

        @Test("prove a token that was issued here long after, and deny another; pruned entries say so and still verify")
        func tokens() throws {
            let audited = try Audited(
                entries: 600,
                "audiences:\n  - audience: load.example\n    algorithm: ES256\n    allow: [{project: \"acme/*\"}]\n"
            )
            let job = try audited.site.register()
            let token = try job.command(["token", "--audience", "load.example"]).output
            let shown = try audited.audit("show", "--token", "-", "--key", audited.key, input: token)
            #expect(shown.code == 0, "\(shown)")
            #expect(shown.error.contains("issued here") && shown.output.contains("acme/web"))
            #expect(try audited.audit("show", "--token", "-", input: String(token.dropLast(8)) + "AAAAAAA").code == 65)
            let before = try Call("GET", "\(audited.site.url)/log/checkpoint").body
            let pruned = try audited.site.command(["audit", "prune", "--before", "30d"])
            #expect(pruned.code == 0 && pruned.output.contains("contents of"), "\(pruned)")
            try audited.broker.wait(until: "the pruning is published") {
                try Call("GET", "\(audited.site.url)/log/checkpoint").body != before
            }
            let verified = try audited.audit("verify", "--key", audited.key)
            #expect(verified.code == 0 && verified.output.contains("pruned"), "\(verified)")
            #expect(try audited.audit("show", "3", "--key", audited.key, "--json").output.contains("\"pruned\":true"))
            audited.broker.stop()
        }

        @Test("verify checkpoint, tiles and proofs with Go's own transparency log")
        func golang() throws {
            let audited = try Audited(entries: 1_000)
            let folder = audited.folder
            let note = try Call("GET", "\(audited.site.url)/log/checkpoint").body
            let size = try #require(Int(note.split(separator: "\n")[1]))
            for directory in ["log", "log/tile", "log/tile/0"] { try Files.makeDirectory(folder.path(directory)) }
            _ = try folder.write("log/checkpoint", note)
            for number in 0...(size - 1) / 256 {
                let width = min(256, size - number * 256)
                let path = "tile/0/00\(number)" + (width < 256 ? ".p/\(width)" : "")
                let got = try Finished(
                    "curl",
                    ["-sf", "-o", folder.path("log/tile/0/00\(number)"), "\(audited.site.url)/log/\(path)"]
                )
                #expect(got.code == 0, "\(path): \(got)")
            }
            for index in stride(from: 0, to: size, by: size / 7 + 1) {
                let proof = try Call(
                    "GET",
                    "\(audited.site.url)/v1/audit/entries/\(index)",
                    token: audited.site.token(.auditor)
                )
                _ = try folder.write(
                    "log/proof-\(index)",
                    (proof.json["proof"]?.asArray ?? []).compactMap(\.asString).joined(separator: "\n")
                )
            }
            let consistency = try Call(
                "GET",
                "\(audited.site.url)/v1/audit/consistency?from=\(size / 2)&to=\(size)",
                token: audited.site.token(.auditor)
            )
            _ = try folder.write(
                "log/consistency",
                (consistency.json["proof"]?.asArray ?? []).compactMap(\.asString).joined(separator: "\n")
            )
            let run = try Finished(
                "go",
                [
                    "run", RelyingParty.script("verify_log.go"),
                    try Files.readText(audited.key).replacing("\n", with: ""), folder.path("log"),
                ],
                environment: [
                    "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": folder.path("go"),
                    "GOFLAGS": "-mod=mod",
                ]
            )
            #expect(run.code == 0 && run.output.contains("consistent with"), "\(run)")
            audited.broker.stop()
        }

        @Test(
            "verify checkpoint, every tile, proofs and cosignature with a second program that knows only the RFC and C2SP"
        )
        func python() throws {
            let audited = try Audited(entries: 66_500)
            let witness = try WitnessUnderTest(in: audited.folder, of: audited.key)
            try audited.site.writeConfiguration("ledger:\n  witnesses: [\"\(witness.key) \(witness.url)\"]\n")
            audited.broker.stop()
            let broker = try audited.site.serve()
            try broker.wait(until: "cosigned") { try Call("GET", "\(audited.site.url)/log/witnessed").status == 200 }
            let run = try Finished(
                try RelyingParty.program("python"),
                [
                    RelyingParty.script("check_log.py"), audited.site.url, audited.key,
                    audited.environment["JOBPASS_TOKEN_FILE"] ?? "", witness.key,
                ]
            )
            #expect(run.code == 0 && run.output.contains("tiles on 3 levels"), "\(run)")
            broker.stop()
        }
    }
}
