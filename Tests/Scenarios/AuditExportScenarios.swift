import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// What leaves the ledger for other programs: exports, reports, and what others make of them.
    @Suite("What auditors take away")
    struct AuditExportScenarios {
        @Test("is OCSF by its own schema, and CSV as Python reads it; the same bytes again")
        func formats() throws {
            let audited = try Audited(entries: 1_200)
            let ocsf = try audited.audit("export", "--format", "ocsf")
            #expect(ocsf.code == 0, "\(ocsf.error)")
            let checked = try Finished(
                try RelyingParty.program("python"),
                [RelyingParty.script("check_ocsf.py")],
                input: ocsf.output
            )
            #expect(checked.code == 0, "\(checked)")
            let events = Int(checked.output.split(separator: " ").first ?? "") ?? 0
            #expect(events > 1_200)
            let note = try audited.folder.write("note", try Call("GET", "\(audited.site.url)/log/checkpoint").body)
            for format in ["ocsf", "csv", "jsonl"] {
                let (first, second) = (
                    try audited.audit("export", "--format", format, "--checkpoint", note),
                    try audited.audit("export", "--format", format, "--checkpoint", note)
                )
                #expect(first.code == 0 && first.output == second.output, "\(format)")
                let head = try audited.audit("export", "--format", format, "--checkpoint", note, "--limit", "500")
                let rest = try audited.audit("export", "--format", format, "--checkpoint", note, "--cursor", "500")
                let lines = first.output.split(separator: "\n", omittingEmptySubsequences: false)
                let joined = (head.output + rest.output).split(separator: "\n", omittingEmptySubsequences: false)
                // The first line of JSON lines says how far its own part reaches.
                #expect(lines.dropFirst() == joined.dropFirst(), "\(format)")
                #expect(head.error.contains("--cursor 500"))
            }
            let csv = try audited.audit("export", "--format", "csv").output
            let script =
                "import csv,sys; r=list(csv.DictReader(sys.stdin)); print(len(r), len({tuple(x) for x in r}), r[7]['index'])"
            let read = try Finished(try RelyingParty.program("python"), ["-c", script], input: csv)
            #expect(read.output.hasSuffix(" 1 7\n") && read.code == 0, "\(read)")
            audited.broker.stop()
        }

        @Test("streams as entries come, waits for a broker that is away, ends whole, and goes on by its cursor")
        func followed() throws {
            let audited = try Audited(entries: 700)
            let stream = audited.folder.path("stream")
            try Files.writeNew(stream, [])
            func follow(_ name: String, _ more: [String]) throws -> Running {
                try Running(
                    name,
                    in: audited.folder,
                    "bash",
                    ["-c", "exec \"$@\" >>\(stream)", "follow", try BuiltCommand.path(), "audit", "export", "--follow"]
                        + ["--key", audited.key] + more,
                    environment: audited.environment
                )
            }
            func lines() throws -> Int { try Files.readText(stream, limit: 1 << 26).split(separator: "\n").count }
            var follower = try follow("first", [])
            try follower.wait(until: "all that was there") { try lines() > 700 }
            let before = try lines()
            _ = try audited.site.register()
            try follower.wait(until: "a new entry") { try lines() > before }
            audited.broker.stop()
            try follower.wait(until: "a word about the broker") { follower.said.contains("asked again") }
            let again = try audited.site.serve()
            _ = try audited.site.register()
            try follower.wait(until: "what came after") { follower.said.contains("is back") }
            #expect(follower.stop() == .exited(0), "\(follower.said)")
            let said = follower.said
            let cursor = try #require(said.split(separator: " ").last).filter(\.isNumber)
            _ = try audited.site.register()
            follower = try follow("second", ["--cursor", cursor])
            let there = try lines()
            try follower.wait(until: "the rest") { try lines() > there }
            #expect(follower.stop() == .exited(0), "\(follower.said)")
            // All of it, from both, is one export that verifies offline.
            let run = try audited.audit("verify", stream, "--key", audited.key)
            #expect(run.code == 0, "\(run)")
            again.stop()
        }

        @Test("reports a period in one file, verified, with who witnessed it; and nothing of a ledger that was changed")
        func reported() throws {
            let audited = try Audited(entries: 2_000)
            let witness = try WitnessUnderTest(in: audited.folder, of: audited.key)
            try audited.site.writeConfiguration("ledger:\n  witnesses: [\"\(witness.key) \(witness.url)\"]\n")
            audited.broker.stop()
            let broker = try audited.site.serve()
            try broker.wait(until: "cosigned") { try Call("GET", "\(audited.site.url)/log/witnessed").status == 200 }
            let page = audited.folder.path("report.html")
            let since = ["--since", "100d", "--key", audited.key]
            let run = try audited.audit(["report", "--output", page, "--witness", witness.key] + since)
            #expect(run.code == 0, "\(run)")
            let html = try Files.readText(page, limit: 1 << 26)
            #expect(html.contains("\(WitnessUnderTest.name) cosigned its first"))
            #expect(
                !html.contains("src=") && !html.contains("href=") && !html.contains("<script"),
                "it is not self-contained"
            )
            let json = try JSON.parse(try Files.read("\(page).json", limit: 1 << 26))
            let kinds = try #require(json["counts"]?["kind"]?.asObject).members
            #expect(kinds.contains { $0.name == "token.issued" && ($0.value.asInteger ?? 0) > 100 })
            for list in ["denials", "fallbacks", "keys", "changes"] {
                #expect(json["lists"]?[list]?.asArray?.isEmpty == false, "\(list)")
            }
            #expect(json["proof"]?["witnesses"]?.asArray?.first?["name"]?.asString == WitnessUnderTest.name)
            let alone = try JSON.parse(Array(try audited.audit(["report"] + since).output.utf8))
            #expect(
                alone["proof"]?["witnesses"]?.asArray?.isEmpty == true,
                "a witness whose key nobody gave is not vouched for"
            )
            broker.stop()
            try audited.tamper("DELETE FROM ledger_entries WHERE position = 77")
            let tampered = try audited.site.command(["audit", "report", "--since", "30d"])
            #expect(tampered.code == 65 && tampered.error.contains("77") && tampered.output.isEmpty, "\(tampered)")
        }
    }
}
