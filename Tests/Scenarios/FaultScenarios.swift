import Encoding
import Glibc
import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// What the machine around a broker may do to it, and what is promised then.
    @Suite("A machine that misbehaves")
    struct FaultScenarios {
        private static let settings = """
            audiences:
              - {audience: load.example, algorithm: ES256, allow: [{project: "acme/*"}]}
            contexts:
              legacy: {allow: [{project: "acme/*"}]}
            targets:
              far:
                type: vault
                address: https://openbao.example.com:8200
                role: deploy
                audience: load.example
                allow: [{project: "acme/*"}]
                fallback: {context: legacy, until: 2099-12-31, reason: the role is new}
            """

        private let folder: Folder

        init() throws { folder = try Folder() }

        private func token(_ site: Site, _ job: Job) throws -> Call {
            try Call("GET", "\(site.url)/v1/token?audience=load.example", token: job.requestToken)
        }

        @Test("told to end under load, it has answered each request that it recorded, and takes no more")
        func terminated() throws {
            let site = try Site(Self.settings, in: folder)
            let list = try folder.write("received", "")
            var broker = try site.serve()
            let job = try site.register(["expires_in": 3600])
            let load = try Load(site, job, list: list, in: folder)
            for _ in 0..<3 {
                let before = try Files.read(list).count
                try load.program.wait(until: "tokens received") { try Files.read(list).count > before + 4096 }
                #expect(broker.stop() == .exited(0))
                broker = try site.serve()
            }
            try load.stop()
            broker.stop()
            // Each entry is a token that somebody has: who was recorded and not answered would be missing in the list.
            let exported = try site.command(["audit", "export", "--format", "csv"])
            let recorded = exported.output.split(whereSeparator: \.isNewline).count { $0.contains(",token.issued,") }
            let received = try Files.readText(list).split(separator: "\n").count
            #expect(received > 100)
            #expect(recorded == received)
        }

        @Test("on a disk that only reads it does not start, and says what cannot be written")
        func readOnlyDisk() throws {
            let site = try Site(Self.settings, in: folder, store: "disk/jobpass.db")
            let line =
                try SmallDisk.command(in: folder, isReadOnly: true)
                + [try BuiltCommand.path(), "serve", "--config", site.configuration]
            let run = try Finished(line[0], Array(line.dropFirst()))
            #expect([74, 78].contains(run.code), "\(run)")
            #expect(run.error.contains("disk/jobpass.db"), "\(run)")
            #expect(run.error.contains("writable"), "\(run)")
        }

        @Test("with the clock set forward it goes on; set back far it records nothing and says so, until it is right")
        func clock() throws {
            let site = try Site(Self.settings, in: folder)
            let offset = try folder.write("offset", "+0s")
            let libraries = try Finished("sh", ["-c", "ls /usr/lib/*/faketime/libfaketimeMT.so.1"])
            let library = try #require(
                libraries.output.split(separator: "\n").first,
                "deploy/install --tests installs it"
            )
            let broker = try site.serve(by: [
                "env", "LD_PRELOAD=\(library)", "FAKETIME_TIMESTAMP_FILE=\(offset)", "FAKETIME_NO_CACHE=1",
                // Its environment is then as that library leaves it, before Swift looks behind it for the arguments.
                "FAKETIME_DONT_FAKE_MONOTONIC=1", "sh", "-c", "exec \"$@\"", "sh",
            ])
            let job = try site.register(["expires_in": 7200])
            func issued() throws -> Int64 {
                let text = try #require(try token(site, job).json["value"]?.asString)
                let payload = try Base64URL.decode(String(text.split(separator: ".")[1]))
                return try #require(try JSON.parse(payload)["iat"]?.asInteger)
            }
            let first = try issued()
            try folder.write("offset", "+30m")
            #expect(try issued() >= first + 1_800)
            // Within five minutes times are held where they were, so that they never decrease.
            try folder.write("offset", "+26m")
            #expect(try token(site, job).status == 200)
            try folder.write("offset", "+0s")
            let refused = try token(site, job)
            #expect(refused.status == 503, "\(refused)")
            #expect(refused.json["value"] == nil)
            #expect(try Call("GET", "\(site.url)/readyz").status == 503)
            try broker.wait(until: "the log names the clock") { broker.said.contains("clock") }
            try folder.write("offset", "+31m")
            try broker.wait(until: "it goes on") { try token(site, job).status == 200 }
            broker.stop()
            let verified = try site.command(["audit", "verify"])
            #expect(verified.code == 0, "\(verified)")
        }

        @Test("without DNS an exchange is an outage, with its fallback, and everything else goes on")
        func noNames() throws {
            let site = try Site(Self.settings, in: folder)
            #expect(try site.command(["secret", "set", "legacy", "VAULT_TOKEN"], input: "s.the-old-one").code == 0)
            let servers = try folder.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
            let namespace = geteuid() == 0 ? [] : ["--user", "--map-root-user"]
            let broker = try site.serve(
                by: ["unshare", "--mount"] + namespace
                    + ["sh", "-c", "mount --bind '\(servers)' \"$(realpath /etc/resolv.conf)\" && exec \"$@\"", "sh"]
            )
            let job = try site.register()
            let run = try job.command(["exec", "far", "--", "sh", "-c", "test \"$VAULT_TOKEN\" = s.the-old-one"])
            #expect(run.code == 0, "\(run)")
            let failed = try #require(try site.entries("kind=exchange.failed&target=far").first)
            #expect(failed["cause"]?.asString?.hasPrefix("name-lookup: ") == true, "\(failed.text)")
            #expect(try site.entries("kind=fallback.used&target=far").count == 1)
            #expect(try token(site, job).status == 200)
            broker.stop()
        }

        private func removeStore() throws {
            for name in try Files.list(folder.path("site")) where name.hasPrefix("jobpass.db") {
                try Files.remove(folder.path("site/\(name)"))
            }
        }

        /// What may become of a store's file while no broker runs.
        enum Damage: String, CaseIterable {
            case header = "printf 'this is no database' | dd of=\"$0\" conv=notrunc bs=1 2>&1"
            case truncated = "truncate --size=$(($(stat --format %s \"$0\") / 2)) \"$0\""
            case emptied = ": >\"$0\""
            case garbage = "dd if=/dev/urandom of=\"$0\" conv=notrunc bs=4096 seek=4 count=400 2>&1"
        }

        @Test(
            "a damaged store is used by nobody: the broker does not start or 'audit verify' names it, and a backup brings it back",
            arguments: Damage.allCases
        )
        func damaged(_ damage: Damage) throws {
            let site = try Site(Self.settings, in: folder)
            var broker = try site.serve()
            let job = try site.register()
            let list = try folder.write("received", "")
            let load = try Load(site, job, list: list, in: folder)
            try load.program.wait(until: "tokens received") { try Files.read(list).count > 1 << 15 }
            try load.stop()
            let backup = folder.path("backup.db")
            #expect(try site.command(["store", "backup", backup]).code == 0)
            broker.stop()
            // What is still in SQLite's log would heal the file.
            try removeStore()
            #expect(try site.command(["store", "restore", backup]).code == 0)
            let harm = try Finished("sh", ["-c", damage.rawValue, site.store])
            try #require(harm.code == 0, "\(harm)")
            let verified = try site.command(["audit", "verify"])
            #expect([65, 74, 78].contains(verified.code), "\(verified)")
            #expect(verified.error.contains("backup") || verified.error.contains("jobpass.db"), "\(verified)")
            let served = try Finished(
                "timeout",
                ["5", try BuiltCommand.path(), "serve", "--config", site.configuration]
            )
            // 124: it ran until it was ended, as damage in the middle is not looked at by each start.
            #expect([65, 74, 78, 124].contains(served.code), "\(served)")
            try removeStore()
            #expect(try site.command(["store", "restore", backup]).code == 0)
            broker = try site.serve()
            #expect(try token(site, job).status == 200)
            let checked = try LedgerCheck(site, store: site.store, list: list, in: folder)
            #expect(checked.run.code == 0, "\(checked.run)")
            broker.stop()
        }
    }
}
