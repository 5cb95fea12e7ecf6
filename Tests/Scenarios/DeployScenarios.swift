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

        @Test(
            "the scripts that write a cloud's side ask its own command for what they say",
            arguments: [
                (
                    "deploy/gcp/trust",
                    ["https://ci.example.com", "acme-prod", "42", "deploy@acme.example", "project:acme/web"],
                    ["--issuer-uri https://ci.example.com", "workloadIdentityPools/ci-jobs/subject/project:acme/web"]
                ),
                (
                    "deploy/azure/trust", ["https://ci.example.com", "4711", "web", "project:acme/web"],
                    ["federated-credential create --id 4711", "\"subject\": \"project:acme/web\""]
                ),
            ]
        )
        func trust(script: String, arguments: [String], asked: [String]) throws {
            let folder = try Folder()
            // Says what it was asked, with what came in; nothing is there yet.
            let stub =
                "#!/bin/sh\nprintf '%s ' \"$@\" >&2\ncase \"$*\" in *describe*) exit 1 ;; *@-*) cat >&2 ;; esac\n"
            for name in ["gcloud", "az"] {
                try folder.write(name, stub)
                #expect(try Finished("chmod", ["+x", folder.path(name)]).code == 0)
            }
            let path = "\(folder.root):\(Environment.current["PATH"] ?? "/usr/bin:/bin")"
            let run = try Finished(RelyingParty.file(script), arguments, environment: ["PATH": path])
            #expect(run.code == 0, "\(run)")
            for words in asked { #expect(run.error.contains(words), "\(run)") }
            #expect(try Finished(RelyingParty.file(script), []).code == 64)
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
