internal import Delivery
internal import HTTP
internal import POSIX

/// `git-credential-jobpass`: a git credential helper, as a link to this program.
enum GitCredentialCommand {
    static let variable = "JOBPASS_GIT_TARGETS"

    static let definition = Command(
        name: "git-credential",
        summary: "answer git as a credential helper",
        details: [
            "Git runs a program named git-credential-jobpass; a link of that name to jobpass is one. JOBPASS_GIT_TARGETS says "
                + "which host takes which target's credential, over https alone (http on loopback). A path may follow the "
                + "host, where git's credential.useHttpPath is true. Nothing is ever stored.",
            "An action is get (git's questions on standard input), store or erase. For a host that is not named it says nothing, "
                + "and git asks its next helper; where the broker refuses, git asks nobody else.",
        ],
        operands: [Command.Operand("ACTION", "get, store or erase; others are left alone, as git wants it")],
        options: BrokerOptions.all,
        examples: [
            Command.Example("ln -s \"$(command -v jobpass)\" /usr/local/bin/git-credential-jobpass", "make the helper"),
            Command.Example("git config --global credential.helper jobpass", "let git ask it"),
            Command.Example(
                "JOBPASS_GIT_TARGETS='git.example.com=git-prod:ci' git clone https://git.example.com/acme/web",
                "and clone"
            ),
        ],
        variables: BrokerOptions.jobVariables + [
            Command.Note(variable, "HOST=TARGET or HOST=TARGET:USERNAME, divided by spaces")
        ],
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        guard invocation.operands[0] == "get" else { return .success }
        let question = question()
        let targets = try LoginTargets(variable, invocation.environment)
        guard let address = WebAddress("\(question["protocol"] ?? "")://\(question["host"] ?? "")"),
            address.isSecure || address.isLoopback,
            let rule = targets.rule(for: "\(question["host"] ?? "")/\(question["path"] ?? "")")
        else { return .success }
        do {
            let text = try BrokerSession.run(invocation, as: .run) { broker throws(CommandError) in
                let credential = try await broker.credential(rule.target)
                do throws(DeliveryError) { return try Login(of: credential, username: rule.username).git() } catch {
                    throw CommandError(.badData, error.description)
                }
            }
            try StandardOutput.write(text)
            return .success
        } catch {
            // Otherwise git would ask a person, or use what another helper has.
            try StandardOutput.write("quit=1\n")
            throw error
        }
    }

    /// The lines of git's question, `key=value` up to an empty one (git-credential(1)).
    private static func question() -> [String: String] {
        let text = String(decoding: (try? StandardInput.readAll(limit: 1 << 16)) ?? [], as: UTF8.self)
        var question: [String: String] = [:]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty { break }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { question[String(parts[0])] = String(parts[1]) }
        }
        return question
    }
}
