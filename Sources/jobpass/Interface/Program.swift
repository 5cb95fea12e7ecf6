internal import POSIX

/// One run of the program: the frontier at which every failure becomes words on standard error and an exit code.
struct Program {
    let tree: CommandTree
    let environment: Environment

    func run(_ arguments: [String]) -> ExitCode {
        let console = Console(environment)
        do {
            switch try tree.read(arguments, environment) {
            case .help(let command, let path):
                let width = console.width(of: StandardOutput.descriptor)
                let help = Help(command: command, path: path, style: console.resultStyle, width: width)
                try console.result(help.text)
                return .success
            case .version:
                try console.result("\(tree.root.name) \(tree.version)\n")
                return .success
            case .run(let action, let invocation):
                return try action(invocation)
            }
        } catch {
            let failure = CommandError(describing: error)
            // Whoever closed the pipe, as head(1) does, wants no more words.
            if (error as? POSIXError)?.isBrokenPipe != true { console.failure(failure) }
            return failure.exit
        }
    }
}
