internal import Broker
internal import Configuration
internal import Crypto
internal import Encoding
internal import EventLoop
internal import HTTP
internal import JSON
internal import POSIX
internal import Time
internal import Tokens

/// `jobpass keys`: the issuers' signing keys.
enum KeysCommand {
    static let kid = Command.Operand("KID", "the key's kid, or its first eight characters, as its file is named")
    static let algorithm = Option.value(
        "algorithm",
        "NAME",
        "for this algorithm alone; otherwise for each of keys.algorithms",
        kind: .choice(SignatureAlgorithm.allCases.filter(\.canSign).map(\.rawValue)),
        repeats: true
    )
    static let ring = Option.value(
        "ring",
        "RING",
        "for these keys alone: trusted, untrusted for strangers' runs; of a further issuer ISSUER/trusted, ISSUER/untrusted"
    )
    static let whenReady = Option.flag("when-ready", "where it may not sign yet, let it sign as soon as it may")

    static let access =
        "With --url or JOBPASS_URL the broker is asked, as the administrator whose token JOBPASS_TOKEN_FILE holds; on the broker's "
        + "own host, --config goes to its keys directly, and a running broker takes what changed within a second."

    static let options = [ConfigurationFile.option] + BrokerOptions.all + [.json]
    static let variables = BrokerOptions.principalVariables + [ConfigurationFile.variable]

    static let definition = Command(
        name: "keys",
        summary: "list, prepare, activate, retire, revoke, move and publish signing keys",
        details: [
            "A key is prepared (in the issuer's key set), published (every copy serves it: the issuer's own URL and each of "
                + "keys.mirrors), active (it signs), retiring (its tokens may be about) and retired. It becomes active only when it "
                + "has been published for as long as copies may be cached, so that no relying party ever sees an unknown key. "
                + "With keys.rotate_after all of that happens by itself."
        ],
        examples: [
            Command.Example("jobpass keys list", "see which keys sign, and what keeps the others"),
            Command.Example("jobpass keys prepare --algorithm RS256", "begin a rotation by hand"),
        ],
        body: .group([
            list, create, prepare, activate, retire, revoke, KeysMoveCommand.definition, KeysPublishCommand.definition,
        ])
    )

    private static let list = Command(
        name: "list",
        summary: "show every key and how far its life has come",
        details: [access],
        options: options,
        examples: [Command.Example("jobpass keys list --url https://ci.example.com", "ask a broker")],
        variables: variables,
        exits: BrokerRefusal.exits,
        body: .action { try show($0, try KeyDesk($0).list()) }
    )

    private static let create = Command(
        name: "create",
        summary: "make the first keys of an issuer that the configuration names",
        details: [
            "An issuer under 'issuers' has keys of its own, which sign at once, as nobody can have cached any before. A running broker takes "
                + "the issuer with the next reload (SIGHUP)."
        ],
        operands: [Command.Operand("ISSUER", "the name under 'issuers'")],
        options: [ConfigurationFile.option],
        examples: [Command.Example("jobpass keys create acme", "then reload the broker: kill -HUP")],
        variables: [ConfigurationFile.variable],
        exits: [Command.Note("78", "keys are there already, or the configuration cannot be used")],
        body: .action(createKeys)
    )

    private static func createKeys(_ invocation: Invocation) throws -> ExitCode {
        let settings = try ConfigurationFile(invocation).settings
        let name = invocation.operands[0]
        guard settings.issuers.contains(where: { $0.name == name }) else {
            let known = settings.issuers.map(\.name).joined(separator: ", ")
            throw CommandError.usage(
                "\(invocation.label)there is no issuer '\(name)'",
                advice: known.isEmpty ? "write it under 'issuers' first" : "the configuration has \(known)"
            )
        }
        Files.setCreationMask(0o077)
        let place = try KeyPlace.open(settings)
        for ring in IssuerRing.rings(of: name) where try place.has(ring, settings) {
            throw CommandError(
                .configuration,
                "\(place.name(of: ring, settings)) is there already; nothing was made or changed",
                advice: "keys that others trust are never begun again: see 'jobpass keys list'"
            )
        }
        var installation = Installation()
        do {
            try NewBroker(settings).make(IssuerRing.rings(of: name), at: place, in: &installation)
        } catch {
            installation.undo()
            throw error
        }
        Console(invocation.environment).note("made the keys of issuer '\(name)'; reload the broker: kill -HUP")
        return .success
    }

    private static let prepare = Command(
        name: "prepare",
        summary: "make new keys, which are published and do not sign yet",
        details: [access],
        options: [algorithm, ring] + options,
        examples: [Command.Example("jobpass keys prepare --algorithm ES256 --ring trusted", "make one key")],
        variables: variables,
        exits: BrokerRefusal.exits,
        body: .action { invocation in
            let rings: [IssuerRing]? = try invocation[ring].map { text -> [IssuerRing] in
                guard let ring = IssuerRing(rawValue: text) else {
                    throw CommandError.usage("\(invocation.label)--ring: '\(text)' is no ring, such as acme/trusted")
                }
                return [ring]
            }
            let algorithms = invocation.all(algorithm).compactMap(SignatureAlgorithm.init(rawValue:))
            return try show(
                invocation,
                try KeyDesk(invocation).prepare(algorithms, rings)
            )
        }
    )

    private static let activate = Command(
        name: "activate",
        summary: "let a key sign that every copy has served for long enough",
        details: [
            "Where it may not sign yet, the old key goes on and the answer says what it waits for; the key that signed before "
                + "stays published until its last token has expired, and five minutes more.",
            access,
        ],
        operands: [kid],
        options: [whenReady] + options,
        examples: [Command.Example("jobpass keys activate 1IG2tMH7 --when-ready", "let it sign as soon as it may")],
        variables: variables,
        exits: BrokerRefusal.exits,
        body: .action { invocation in
            let whenReady = invocation.has(whenReady)
            return try show(
                invocation,
                try KeyDesk(invocation).change("activate", .activate(invocation.operands[0], whenReady: whenReady))
            )
        }
    )

    private static let retire = Command(
        name: "retire",
        summary: "take a key out of service that does not sign, or is configured no more",
        details: [access],
        operands: [kid],
        options: options,
        examples: [Command.Example("jobpass keys retire 1IG2tMH7", "give up a key that was prepared")],
        variables: variables,
        exits: BrokerRefusal.exits,
        body: .action { try show($0, try KeyDesk($0).change("retire", .retire($0.operands[0]))) }
    )

    private static let revoke = Command(
        name: "revoke",
        summary: "withdraw a key at once, whatever it signed",
        details: [
            "For a key that may be stolen: it leaves the key set, its private half is destroyed, and another signs in its place at once. Relying "
                + "parties go on taking its tokens until their copy of the key set is over, and may refuse the new key's until then.",
            access,
        ],
        operands: [kid],
        options: options,
        examples: [Command.Example("jobpass keys revoke 1IG2tMH7", "withdraw a key")],
        variables: variables,
        exits: BrokerRefusal.exits,
        body: .action { try show($0, try KeyDesk($0).change("revoke", .revoke($0.operands[0]))) }
    )

    private static func show(_ invocation: Invocation, _ answer: JSON) throws -> ExitCode {
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result(answer)
            return .success
        }
        var table = Table("KID", "ALGORITHM", "RING", "STATE", "SINCE", "UNTIL", "WAITS")
        for key in answer["keys"]?.asArray ?? [] {
            table.add(
                key["kid"]?.asString ?? "",
                key["algorithm"]?.asString ?? "",
                key["ring"]?.asString ?? "",
                key["state"]?.asString ?? "",
                key["since"]?.asString ?? "-",
                key["until"]?.asString ?? "-",
                waits(key)
            )
        }
        try console.result(table.text(console.resultStyle))
        return .success
    }

    /// What keeps a key from signing, and which copies do not serve it.
    private static func waits(_ key: JSON) -> String {
        let hold = key["holds"]?.asString
        let late = (key["copies"]?.asArray ?? []).filter { $0["serves_it"] == false }.map { copy in
            "\(copy["url"]?.asString ?? "")\(copy["failure"]?.asString.map { " (\($0))" } ?? "")"
        }
        guard let hold else { return key["activates_itself"] == false ? "jobpass keys activate" : "-" }
        return late.isEmpty ? hold : "\(hold): \(late.joined(separator: ", "))"
    }
}
