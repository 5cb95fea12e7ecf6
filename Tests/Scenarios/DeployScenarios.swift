import POSIX
import Support
import Testing

extension Scenarios {
    /// The scripts that people run, as people run them, with the command that is built already.
    @Suite("What README.md tells people to run ends well")
    struct DeployScenarios {
        @Test("the quickstart shows the main job, and leaves nothing behind")
        func quickstart() throws {
            let folder = try Folder()
            let run = try Finished(
                RelyingParty.file("deploy/quickstart"),
                [try BuiltCommand.path()],
                environment: ["TMPDIR": folder.root]
            )
            #expect(run.code == 0, "\(run)")
            for part in [
                "sub       project:acme/web:ref:refs/heads/main:workflow:deploy:job:release",
                "\"aud\":\"vault\"", "display_name", "(exit code 77: denied)", "the child has the old token",
                "fallback.used",
            ] {
                #expect(run.output.contains(part), "no '\(part)' in what it showed: \(run)")
            }
            for part in ["wants ref 'refs/heads/main'", "refs/heads/feature", "good: RS256"] {
                #expect(run.error.contains(part), "no '\(part)' in what it said: \(run)")
            }
            #expect(try Files.list(folder.root) == [])
            // Whatever it started has the folder in its environment.
            #expect(try processes(given: folder.root) == [])
        }

        @Test("the measurement gives a figure for each algorithm, and one of OpenSSL")
        func measure() throws {
            let folder = try Folder()
            let run = try Finished(
                RelyingParty.file("deploy/measure"),
                ["1", try BuiltCommand.path()],
                environment: ["TMPDIR": folder.root]
            )
            #expect(run.code == 0, "\(run)")
            #expect(run.output.split(separator: "Requests/sec:").count == 3, "\(run)")
            #expect(run.output.contains("sign/s"), "\(run)")
        }

        @Test("keys turn over under load while PyJWT and OpenBao verify every token")
        func measureRotation() throws {
            let folder = try Folder()
            let run = try Finished(
                RelyingParty.file("deploy/measure-rotation"),
                ["16", "1", try BuiltCommand.path()],
                environment: ["TMPDIR": folder.root]
            )
            #expect(run.code == 0, "\(run)")
            #expect(run.output.contains("tokens of 2 keys verified by PyJWT and by OpenBao, 0 failures"), "\(run)")
        }

        /// The processes that were given a temporary folder.
        private func processes(given folder: String) throws -> [String] {
            try Files.list("/proc").filter { name in
                guard name.allSatisfy(\.isNumber), let environment = try? Files.read("/proc/\(name)/environ") else {
                    return false
                }
                return String(decoding: environment, as: UTF8.self).contains("TMPDIR=\(folder)")
            }
        }
    }
}
