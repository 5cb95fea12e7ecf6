internal import Delivery
internal import Encoding
internal import JSON
internal import POSIX
internal import Time

/// `jobpass credential`: one credential, in the form that the tool at hand reads.
enum CredentialCommand {
    static let format = Option.value(
        "format",
        "FORMAT",
        "how to write it; json unless another is asked for",
        kind: .choice(CredentialForm.allCases.map(\.rawValue) + CIEnvironment.allCases.map(\.rawValue))
    )
    static let server = Option.value("server", "HOST", "the registry that --format docker names as its own")
    static let claim = Option.value(
        "claim",
        "NAME=VALUE",
        "what this job says of itself in the ID token, by a name that the target's rule lists under job_claims",
        repeats: true
    )
    static let username = Option.value("username", "NAME", "the user in --format docker and git")

    static let definition = Command(
        name: "credential",
        summary: "get one target's credential, in the form that the tool at hand reads",
        details: [
            "env: export lines for a shell's eval. dotenv: NAME=VALUE lines, quoted where every reader of such files takes the "
                + "quotes alike. json: the broker's answer. aws-process: what credential_process in an AWS profile reads. "
                + "gcp-executable: what the executable of a Google external_account file prints (the ID token; the target is "
                + "of type none, or has 'exchange: job'). kubernetes: what kubectl's exec plugins print. docker, git: what "
                + "their credential helpers print; docker-credential and git-credential are such helpers. What a form cannot "
                + "carry is refused.",
            "github-env and circleci-env append to the file that GITHUB_ENV or BASH_ENV names, for the job's next steps, and "
                + "GitHub's log is told first what to mask. CircleCI has no such command: its log shows what a step prints.",
            "Every other form goes to standard output: hand it to a program, not to a log. 'jobpass exec' hands it to a "
                + "command without showing it, and keeps it fresh.",
        ],
        operands: [Command.Operand("TARGET", "a target of the broker's configuration")],
        options: [format, claim, server, username] + BrokerOptions.all,
        examples: [
            Command.Example("eval \"$(jobpass credential aws-prod --format env)\"", "put it into this shell"),
            Command.Example(
                "aws configure set credential_process 'jobpass credential aws-prod --format aws-process'",
                "let the AWS tools ask whenever they need one"
            ),
            Command.Example(
                "jobpass credential aws-prod --format github-env",
                "give it to the next steps of a GitHub job"
            ),
        ],
        variables: BrokerOptions.jobVariables + [
            Command.Note("GITHUB_ENV, BASH_ENV", "the files of github-env and circleci-env"),
            Command.Note("KUBERNETES_EXEC_INFO", "which version of ExecCredential kubectl wants, as it sets it itself"),
        ],
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let name = invocation[format] ?? CredentialForm.json.rawValue
        if let system = CIEnvironment(rawValue: name) { return try append(to: system, invocation) }
        let form: CredentialForm = try invocation.choice(name)
        let text: String
        do {
            text = try self.text(invocation, form)
        } catch  where form == .gcpExecutable {
            // Google's libraries take any other exit code for a crash, and read both outputs as one: only this may stand there.
            let failure = CommandError(describing: error)
            let answer: JSON = [
                "version": 1, "success": false, "code": .string("\(failure.exit.number)"),
                "message": .string(failure.message),
            ]
            try StandardOutput.write(answer.text + "\n")
            return .success
        }
        // As it is: what a terminal shows well is not what the tool reads.
        try StandardOutput.write(text)
        return .success
    }

    private static func text(_ invocation: Invocation, _ form: CredentialForm) throws -> String {
        let console = Console(invocation.environment)
        let target = invocation.operands[0]
        let context = context(invocation)
        let wanted = form == .gcpExecutable ? Wanted.idToken : .credential
        let own = Form(invocation.all(claim).map { Form.Field("claim", $0) })
        return try BrokerSession.run(invocation, as: .run) { broker throws(CommandError) in
            let credential = try await broker.credential(target, wanted, saying: own)
            if form != .gcpExecutable { console.noteSource(of: credential) }
            do throws(DeliveryError) { return try form.text(of: credential, context) } catch {
                throw CommandError(.badData, error.description)
            }
        }
    }

    private static func context(_ invocation: Invocation) -> CredentialForm.Context {
        var context = CredentialForm.Context(now: SystemClock.now())
        context.server = invocation[server]
        context.username = invocation[username]
        let asked = invocation.environment.nonEmpty("KUBERNETES_EXEC_INFO")
            .flatMap { try? JSON.parse(Array($0.utf8)) }?["apiVersion"]?.asString
        // The older version has the same members, and a cluster's client wants the one that it asked for.
        if asked == "client.authentication.k8s.io/v1beta1", let asked { context.kubernetesVersion = asked }
        return context
    }

    /// Appends to the CI system's own file, once its log knows what to mask.
    private static func append(to system: CIEnvironment, _ invocation: Invocation) throws -> ExitCode {
        guard let path = invocation.environment.nonEmpty(system.variable) else {
            throw CommandError(
                .configuration,
                "\(system.variable) is not set, so this is no step of that CI system",
                advice: "use --format env elsewhere: eval \"$(jobpass credential TARGET --format env)\""
            )
        }
        let console = Console(invocation.environment)
        let target = invocation.operands[0]
        let own = Form(invocation.all(claim).map { Form.Field("claim", $0) })
        let (masks, lines) = try BrokerSession.run(invocation, as: .run) { broker throws(CommandError) in
            let credential = try await broker.credential(target, saying: own)
            console.noteSource(of: credential)
            do throws(DeliveryError) { return (system.masks(credential), try system.lines(credential)) } catch {
                throw CommandError(.badData, error.description)
            }
        }
        try StandardOutput.write(masks)
        try Files.append(path, Array(lines.utf8))
        return .success
    }
}
