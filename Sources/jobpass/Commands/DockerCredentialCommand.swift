internal import Delivery
internal import JSON
internal import POSIX
internal import Text

/// `docker-credential-jobpass`: a Docker credential helper, as a link to this program.
enum DockerCredentialCommand {
    static let variable = "JOBPASS_DOCKER_TARGETS"

    static let definition = Command(
        name: "docker-credential",
        summary: "answer Docker, Podman and their kind as a credential helper",
        details: [
            "Docker runs a program named docker-credential-jobpass; a link of that name to jobpass is one. "
                + "JOBPASS_DOCKER_TARGETS says which registry takes which target's credential. Nothing is ever stored: each "
                + "question is a new one to the broker, and a login that Docker wants to store is forgotten.",
            "An action is get (the registry on standard input), store, erase, list or version. Errors go to standard output "
                + "with exit code 1, as Docker wants to read them.",
        ],
        operands: [Command.Operand("ACTION", "get, store, erase, list or version")],
        options: BrokerOptions.all,
        examples: [
            Command.Example(
                "ln -s \"$(command -v jobpass)\" /usr/local/bin/docker-credential-jobpass",
                "make the helper"
            ),
            Command.Example(
                "echo '{\"credHelpers\": {\"registry.example.com\": \"jobpass\"}}' >~/.docker/config.json",
                "let Docker ask it"
            ),
            Command.Example(
                "JOBPASS_DOCKER_TARGETS='registry.example.com=registry-prod' docker pull registry.example.com/app",
                "and pull"
            ),
        ],
        variables: BrokerOptions.jobVariables + [
            Command.Note(variable, "HOST=TARGET or HOST=TARGET:USERNAME, divided by spaces")
        ],
        body: .action(run)
    )

    /// A text of the protocol, by which Docker tells that there is no login from an error.
    private static let notFound = "credentials not found in native keychain"
    private static let failed = ExitCode(number: 1)

    static func run(_ invocation: Invocation) throws -> ExitCode {
        do {
            return try answer(invocation)
        } catch {
            let failure = CommandError(describing: error)
            let words = [failure.message, failure.advice].compactMap(\.self).joined(separator: "; ")
            try StandardOutput.write(words.split(separator: "\n").map(\.madeVisible).joined(separator: "; ") + "\n")
            return failed
        }
    }

    private static func answer(_ invocation: Invocation) throws -> ExitCode {
        let targets = try LoginTargets(variable, invocation.environment)
        switch invocation.operands[0] {
        case "get": return try get(targets, invocation)
        case "store":
            let login = try JSON.parse(try StandardInput.readAll(limit: 1 << 20))
            guard targets.rule(for: login["ServerURL"]?.asString ?? "") != nil else {
                throw CommandError(
                    .configuration,
                    "jobpass stores no login, and \(variable) names no target for this registry",
                    advice: "add HOST=TARGET to \(variable)"
                )
            }
            return .success
        case "erase":
            _ = try StandardInput.readAll(limit: 1 << 16)
            return .success
        case "list":
            var list = JSONObject()
            for rule in targets.rules { list[rule.place] = .string(rule.username ?? "") }
            try StandardOutput.write(JSON.object(list).text + "\n")
            return .success
        case "version":
            try StandardOutput.write("jobpass \(Version.text)\n")
            return .success
        default: throw CommandError(.usage, "unknown action, wanted get, store, erase, list or version")
        }
    }

    private static func get(_ targets: LoginTargets, _ invocation: Invocation) throws -> ExitCode {
        let asked = String(decoding: try StandardInput.readAll(limit: 1 << 16), as: UTF8.self)
        let server = String(asked.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard !server.isEmpty else { throw CommandError(.usage, "no credentials server URL") }
        guard let rule = targets.rule(for: server) else {
            try StandardOutput.write("\(notFound)\n")
            return failed
        }
        let text = try BrokerSession.run(invocation, as: .run) { broker throws(CommandError) in
            let credential = try await broker.credential(rule.target)
            do throws(DeliveryError) {
                return try Login(of: credential, username: rule.username).docker(server: server).text
            } catch {
                throw CommandError(.badData, error.description)
            }
        }
        try StandardOutput.write("\(text)\n")
        return .success
    }
}
