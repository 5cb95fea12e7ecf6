internal import Encoding
internal import Intake
internal import JSON
internal import POSIX
internal import Secrets
internal import Time

/// `jobpass secret import`: many secrets from where they were kept before.
enum SecretImportCommand {
    static let context = Option.value("context", "CONTEXT", "the context that gets the values", letter: "C")
    static let format = Option.value(
        "format",
        "FORMAT",
        "\(formats.joined(separator: ", ")); by default what the file looks like",
        kind: .choice(formats)
    )
    static let replace = Option.flag(
        "replace",
        "give secrets that are there a new version; of an inventory, drop what is not listed any more"
    )
    static let dryRun = Option.flag("dry-run", letter: "n", "show what would be done, and do nothing")
    static let interpolation = Option.value(
        "interpolation",
        "HOW",
        "what ${NAME} in a .env file means: expand it, take it literally, or refuse the file (the default)",
        kind: .choice(IntakeOptions.Interpolation.allCases.map(\.rawValue))
    )
    static let scope = Option.value("scope", "SCOPE", "of GitLab's variables, those of this environment scope")
    static let place = Option.value(
        "place",
        "PLACE",
        "what to call the place of a listing that does not name it, such as acme/web"
    )

    private static let sealed = "export"
    private static let formats = IntakeFormat.allCases.map(\.rawValue) + [sealed]

    static let definition = Command(
        name: "import",
        summary: "take secrets over from a file: .env, JSON, a listing, an export",
        details: [
            "Values go into --context, all of them or, where anything is wrong, none. What the context has already stays as it is, "
                + "unless --replace is given. Remove the file afterwards: it holds the values in the open.",
            "GitHub gives no values of secrets away, nor GitLab of hidden variables, nor CircleCI of anything: their names and dates "
                + "become an inventory of what is still kept elsewhere, which 'jobpass secret report' shows as unmanaged.",
            "JSON is one object of names and texts; a value that is no text stands as {\"base64\": …}. A .env file is read as "
                + "python-dotenv reads it, but what that skips or guesses is an error here.",
            SecretCommand.access,
        ],
        operands: [Command.Operand("FILE", "the file to read; - for standard input", kind: .file)],
        options: [context, format, replace, dryRun, interpolation, scope, place, PassphraseInput.file]
            + SecretCommand.options + [.json],
        examples: [
            Command.Example("jobpass secret import .env --context web --dry-run", "see what a file would bring"),
            Command.Example(
                "gh secret list --json name,updatedAt | jobpass secret import - --place acme/web",
                "an inventory"
            ),
            Command.Example("jobpass secret import circleci-data.json", "the report of CircleCI-Env-Inspector"),
        ],
        variables: SecretCommand.variables,
        exits: SecretCommand.exits(Command.Note("65", "the file cannot be taken as it is; nothing was changed")),
        body: .action(run)
    )

    /// What is to be done: values for contexts, and names of a source.
    private struct Load {
        var values: [(context: String, values: SecretValues)] = []
        var elsewhere: [Listing.Item] = []
        var source = ""
        var notes: [String] = []
    }

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let path = invocation.operands[0]
        let limit = 64 << 20
        let bytes = try path == "-" ? StandardInput.readAll(limit: limit) : Files.read(path, limit: limit)
        let load: Load
        do {
            load = try read(bytes, invocation)
        } catch let error as IntakeError {
            throw CommandError(
                .badData,
                "\(path) cannot be taken as it is; nothing was changed:\n\(error)",
                advice: "mend the file, or say how to read it: jobpass secret import --help"
            )
        }
        let desk = try SecretCommand.desk(invocation)
        let (replacing, isDry) = (invocation.has(replace), invocation.has(dryRun))
        // What could be refused is asked first, so that a file for several contexts is not taken half.
        for (context, values) in load.values where !isDry && load.values.count > 1 {
            _ = try desk.bring(values, into: context, replacing: replacing, isDryRun: true)
        }
        var plans: [JSON] = []
        for (context, values) in load.values {
            plans.append(try desk.bring(values, into: context, replacing: replacing, isDryRun: isDry))
        }
        var inventory = JSON.null
        if !load.elsewhere.isEmpty {
            inventory = try desk.listElsewhere(load.elsewhere, of: load.source, replacing: replacing, isDryRun: isDry)
        }
        try show(plans, inventory, load.notes, invocation)
        return .success
    }

    private static func read(_ bytes: [UInt8], _ invocation: Invocation) throws -> Load {
        let chosen = invocation[format]
        if chosen == sealed || chosen == nil && SealedExport.isOne(bytes) { return try open(bytes, invocation) }
        let format = try chosen.flatMap { IntakeFormat(rawValue: $0) } ?? IntakeFormat.guess(bytes)
        var options = IntakeOptions()
        if let text = invocation[interpolation], let choice = IntakeOptions.Interpolation(rawValue: text) {
            options.interpolation = choice
        }
        options.scope = invocation[scope]
        options.place = invocation[place]
        let listing = try format.read(bytes, options)
        var load = Load()
        load.elsewhere = listing.elsewhere
        load.source = format.rawValue
        load.notes = listing.notes
        guard !listing.values.isEmpty else {
            guard !listing.elsewhere.isEmpty else { throw IntakeError("there is nothing in it to import") }
            return load
        }
        guard let context = invocation[context] else {
            throw IntakeError("it has values: say by --context where they are to go")
        }
        load.values = [(context, SecretValues(listing.values))]
        return load
    }

    private static func open(_ bytes: [UInt8], _ invocation: Invocation) throws -> Load {
        let export = try SealedExport(opening: bytes, with: try PassphraseInput.read(invocation, isNew: false))
        var load = Load()
        load.notes = ["exported at \(RFC3339.format(export.exported))"]
        for context in export.contexts where !context.values.isEmpty {
            if let only = invocation[self.context], only != context.name { continue }
            load.values.append((context.name, SecretValues(context.values)))
        }
        guard !load.values.isEmpty else { throw IntakeError("the export has no values to import") }
        return load
    }

    private static func show(
        _ plans: [JSON],
        _ inventory: JSON,
        _ notes: [String],
        _ invocation: Invocation
    ) throws {
        let console = Console(invocation.environment)
        for note in notes { console.note(note) }
        let isDry = invocation.has(dryRun)
        if invocation.has(.json) {
            try console.result(["plans": .array(plans), "inventory": inventory] as JSON)
            return
        }
        var table = Table("CONTEXT", "NAME", isDry ? "WOULD BE" : "WAS")
        for plan in plans {
            for (key, word) in [("added", "added"), ("replaced", "replaced"), ("kept", "left as it is")] {
                for name in plan[key]?.asArray ?? [] {
                    table.add(plan["context"]?.asString ?? "", name.asString ?? "", word)
                }
            }
        }
        if !plans.isEmpty { try console.result(table.text(console.resultStyle)) }
        if let source = inventory["source"]?.asString {
            let counts = ["added", "known", "missing", "removed"].map { inventory[$0]?.text ?? "0" }
            console.note(
                "\(isDry ? "would list" : "listed") what \(source) keeps: \(counts[0]) new names, \(counts[1]) known; "
                    + "\(counts[2]) known ones are not in it any more, \(counts[3]) of them \(isDry ? "would be " : "")removed"
            )
        }
        if isDry { console.note("nothing was changed: this was a dry run") }
    }
}

extension SecretValues {
    fileprivate init(_ values: [Listing.Value]) { all = values.map { ($0.name, $0.bytes) } }
}
