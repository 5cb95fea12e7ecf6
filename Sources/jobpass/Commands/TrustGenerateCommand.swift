internal import Configuration
internal import Exchange
internal import JSON
internal import POSIX
internal import Policy
internal import TrustFiles

/// `jobpass trust generate`: the cloud's whole side for a configured target.
enum TrustGenerateCommand {
    static let format = Option.value(
        "format",
        "FORMAT",
        "who reads it: \(TrustFiles.Format.allCases.map(\.rawValue).joined(separator: ", "))",
        kind: .choice(TrustFiles.Format.allCases.map(\.rawValue)),
        isRequired: true
    )
    static let output = Option.value(
        "output",
        "DIR",
        "write the files there, in place of those that are; else to standard output",
        letter: "o",
        kind: .directory
    )

    static let definition = Command(
        name: "generate",
        summary: "write the cloud's side of a target, as tight as its rules",
        details: [
            "The conditions say what the target's own rules say (sub, aud, the pinned role, tags), and a comment which rule each "
                + "comes from. The same configuration gives the same bytes, so a difference is one of the rules.",
            "Nothing is asked of the cloud and nothing changed there: the scripts and templates are yours to read and run. What "
                + "a cloud cannot compare stands in a note; what it cannot hold at all is refused.",
        ],
        operands: [Command.Operand("TARGET", "a target of the configuration")],
        options: [format, output, ConfigurationFile.option, .json],
        examples: [
            Command.Example("jobpass trust generate aws-prod --format terraform > aws-prod.tf", "for Terraform"),
            Command.Example("jobpass trust generate openbao --format bao --output trust", "a script for OpenBao"),
        ],
        variables: [ConfigurationFile.variable],
        exits: [
            Command.Note("64", "the format cannot serve the target's type"),
            Command.Note("78", "the cloud cannot hold the target's rules, or the configuration cannot be used"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let settings = try ConfigurationFile(invocation).settings
        let name = invocation.operands[0]
        guard let target = settings.targets.first(where: { $0.name == name }),
            let rule = settings.policy.rule(ofTarget: name)
        else {
            throw CommandError.usage(
                "\(invocation.label)there is no target '\(name)'",
                advice: settings.targets.isEmpty
                    ? "the configuration has no targets yet: write it under 'targets' first"
                    : "the configuration has \(settings.targets.map(\.name).joined(separator: ", "))"
            )
        }
        let siblings = settings.targets.filter { $0.name != name }
            .compactMap { target in settings.policy.rule(ofTarget: target.name).map { (target: target, rule: $0) } }
        let format: TrustFiles.Format = try invocation.choice(invocation[format] ?? "")
        let files: [TrustFiles.File]
        let notes: [String]
        do throws(TrustFiles.Refusal) {
            let trust = try TrustFiles(target, rule, issuers: settings.trustIssuers, siblings: siblings)
            files = try trust.files(format)
            notes = trust.notes()
        } catch {
            let isServed = TrustFiles.Format.serving(target.type).contains(format)
            throw CommandError(isServed ? .configuration : .usage, error.reason, advice: error.fix)
        }
        let console = Console(invocation.environment)
        for note in notes { console.warning(note) }
        if let directory = invocation[output] { return try write(files, into: directory, console) }
        if invocation.has(.json) {
            try console.result([
                "target": .string(name), "format": .string(format.rawValue),
                "files": .array(files.map { ["name": .string($0.name), "text": .string($0.text)] }),
                "notes": .array(notes.map { .string($0) }),
            ])
            return .success
        }
        guard files.count > 1 else {
            try console.result(files.first?.text ?? "")
            return .success
        }
        for file in files { try console.result("==> \(file.name) <==\n\(file.text)\n") }
        console.note("these are \(files.count) files: --output DIR writes them")
        return .success
    }

    static func write(
        _ files: [TrustFiles.File],
        into directory: String,
        _ console: Console
    ) throws -> ExitCode {
        if try Files.status(directory) == nil { try Files.makeDirectory(directory) }
        for file in files {
            let path = Paths.join(directory, file.name)
            try Files.replace(path, Array(file.text.utf8), mode: file.isScript ? 0o755 : 0o644)
            console.note("wrote \(path)")
        }
        return .success
    }
}

extension Settings {
    /// The issuers, as files of trust name them.
    var trustIssuers: TrustFiles.Issuers {
        TrustFiles.Issuers(
            own: issuer.url,
            paths: Dictionary(uniqueKeysWithValues: issuers.map { ($0.name, $0.path) }),
            voices: policy.voices
        )
    }
}
