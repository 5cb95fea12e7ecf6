internal import POSIX

// The command line: find the command, run it, turn what failed into words and an exit code.
Signal.ignoreBrokenPipes()
let arguments = Array(CommandLine.arguments.dropFirst())
ThisProcess.exit(Program(tree: .jobpass, environment: .current).run(arguments).number)
