import POSIX
import Support
import Testing

extension Scenarios {
    /// The guides of `deploy/CLOUD/README.md`, each line of which somebody will type.
    @Suite("A cloud's guide says what the command takes")
    struct GuideScenarios {
        /// Everything but the cloud's side is rehearsed: with `--help` a line's words are read as the line itself would be.
        ///
        /// What writes the cloud's
        /// side runs, with the configuration that is shipped, and what the guide then runs must be there and be a script.
        private static let rehearsal = """
            set -euo pipefail
            here() { local word; for word; do
                if [[ $word == /etc/jobpass/jobpass.yaml ]]; then printf '%s\\0' "$CONFIG"; else printf '%s\\0' "$word"; fi; done; }
            jobpass() {
                local line=() word
                if [[ $1 == trust ]]; then mapfile -d '' line < <(here "$@"); "$JOBPASS" "${line[@]}" 2>/dev/null; return; fi
                for word; do
                    if [[ $word == -- ]]; then shift $((${#line[@]} + 1)); if [[ $1 == jobpass ]]; then "$@"; fi; break; fi
                    line+=("$word")
                done
                "$JOBPASS" "${line[@]}" --help >/dev/null || { echo "refused: ${line[*]}" >&2; exit 1; }
                echo "jobpass ${line[0]}" >>said
            }
            bash() { test -s "$1" && command bash -n "$1" && echo "$1" >>said; }
            for tool in aws gcloud az bao systemctl; do eval "$tool() { echo $tool >>said; }"; done
            OLD_KEY=1 OLD_SECRET=1 OLD_TOKEN=1

            """

        @Test(
            "from nothing to a first credential",
            arguments: [("aws", "aws-prod"), ("gcp", "gcp-prod"), ("azure", "azure-prod"), ("vault", "openbao")]
        )
        func guide(cloud: String, target: String) throws {
            let text = try Files.readText(RelyingParty.file("deploy/\(cloud)/README.md"))
            let blocks = text.split(separator: "```sh\n").dropFirst().compactMap { $0.split(separator: "```").first }
            #expect(blocks.count >= 6)
            let folder = try Folder()
            let run = try Finished(
                "bash",
                [],
                environment: [
                    "JOBPASS": try BuiltCommand.path(), "CONFIG": RelyingParty.file("deploy/\(cloud)/jobpass.yaml"),
                ],
                input: "cd '\(folder.root)'\n\(Self.rehearsal)\(blocks.joined(separator: "\n"))"
            )
            #expect(run.code == 0, "\(run)")
            let said = try Files.readText(folder.path("said")).split(separator: "\n")
            #expect(said.contains { $0.hasPrefix("cloud/\(target)") })
            for command in ["config", "doctor", "run", "exec", "audit", "secret"] {
                #expect(said.contains("jobpass \(command)"), "the guide has no '\(command)': \(said)")
            }
            // The page is one, and does not hide which rule lets whom in.
            #expect(text.split(separator: "\n").count < 80)
        }
    }
}
