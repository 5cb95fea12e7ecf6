internal import POSIX

// The command line: find the command, run it, turn what failed into words and an exit code.
Signal.ignoreBrokenPipes()
var arguments = Array(CommandLine.arguments.dropFirst())
// A link by the name that Docker or git looks for is the command that answers it.
switch Paths.name(of: CommandLine.arguments.first ?? "") {
case "docker-credential-jobpass": arguments.insert("docker-credential", at: 0)
case "git-credential-jobpass": arguments.insert("git-credential", at: 0)
default: break
}
ThisProcess.exit(Program(tree: .jobpass, environment: .current).run(arguments).number)
