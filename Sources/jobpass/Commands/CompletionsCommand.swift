/// `jobpass completions SHELL`.
enum CompletionsCommand {
    static let definition = Command(
        name: "completions",
        summary: "write a shell's completion script",
        operands: [
            Command.Operand(
                "SHELL",
                "bash, zsh or fish",
                kind: .choice(Completions.Shell.allCases.map(\.rawValue))
            )
        ],
        examples: [
            Command.Example("source <(jobpass completions bash)", "complete in this bash"),
            Command.Example("jobpass completions zsh > \"${fpath[1]}/_jobpass\"", "complete in every later zsh"),
            Command.Example("jobpass completions fish | source", "complete in this fish"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let shell: Completions.Shell = try invocation.choice(invocation.operands[0])
        try Console(invocation.environment).result(Completions.script(for: shell, of: .jobpass))
        return .success
    }
}
