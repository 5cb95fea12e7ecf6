internal import Claims
internal import Crypto
internal import Exchange
internal import Logs
internal import Policy
internal import Runs
internal import Secrets
internal import Text
internal import YAML

extension Settings {
    private static let keys = Keys([
        "issuer", "listen", "tls", "proxies", "store", "keys", "issuers", "token", "runs", "principals", "federation",
        "audiences",
        "targets",
        "contexts", "secrets", "ledger", "limits", "errors", "log",
    ])

    /// Reads a whole document; nil only where something was reported.
    static func read(_ root: YAMLNode, digest: SHA256Digest, problems: Problems) -> Settings? {
        guard let section = Section(root, at: "", keys: keys, problems: problems) else { return nil }
        var files = FileSettings()
        let issuer = section.issuer()
        let listen = section.listen()
        let tls = section.tls(issuer: issuer, files: &files)
        let proxies = section.proxies()
        let store = section.store(files: &files)
        let keys = section.keySettings(files: &files)
        let principals = section.principals(hasClientCA: tls?.clientCA != nil, issuer: issuer, files: &files)
        let federation = section.federation(issuer: issuer, principals: principals, files: &files)
        let reader = RuleReader(problems: problems, principals: principals, federation: federation)
        let token = section.tokenSettings(reader)
        let issuers = section.issuers(keys: keys, own: issuer, reader: reader)
        let voices = section.voices(issuers, token)
        let shapes = TokenShapes(token: token, keys: keys, voices: voices, reader: reader)
        let audiences = section.audiences(shapes)
        let contexts = section.contexts(reader)
        let targets = section.targets(shapes, contexts: contexts, files: &files)
        section.check(contexts, against: targets)
        section.warnOfIssuer(issuer, audiences: audiences, targets: targets)
        let secrets = section.secrets(keys: keys, files: &files)
        let ledger = section.ledger(issuer: issuer)
        let limits = section.limits()
        let runs = section.runLimits()
        let errors = section.choice("errors", of: ErrorDetail.self) ?? .full
        let log = section.log()
        let policy = section.policy(audiences: audiences, targets: targets, contexts: contexts, voices: voices)
        guard !problems.hasErrors, let issuer, let listen, let store, let keys, let secrets, let ledger, let policy
        else { return nil }
        return Settings(
            digest: digest,
            issuer: issuer,
            listen: listen,
            tls: tls,
            proxies: proxies,
            store: store,
            keys: keys,
            issuers: issuers,
            token: token,
            runs: runs,
            principals: principals.all,
            federation: federation,
            policy: policy,
            targets: targets.map(\.target),
            fallbacks: targets.byName(\.fallback?.rule),
            contexts: contexts.map(\.settings),
            secrets: secrets,
            ledger: ledger,
            limits: limits,
            errors: errors,
            log: log,
            warnings: problems.all,
            files: files.all,
            fallbackPlaces: targets.byName(\.fallback?.place)
        )
    }
}

/// The files named so far.
struct FileSettings {
    private(set) var all: [FileSetting] = []

    /// Remembers a file for `Configuration.check` and gives its path back.
    mutating func add(_ kind: FileSetting.Kind, _ path: String, place: ConfigurationPlace) -> String {
        all.append(FileSetting(path: path, kind: kind, place: place))
        return path
    }
}

extension [TargetEntry] {
    /// What those targets that have it have, by their names.
    fileprivate func byName<Value>(_ value: (TargetEntry) -> Value?) -> [String: Value] {
        Dictionary(uniqueKeysWithValues: compactMap { entry in value(entry).map { (entry.target.name, $0) } })
    }
}

extension Section {
    /// Compiles the rules; what could go wrong here was reported where it stands.
    fileprivate func policy(
        audiences: [TokenRule],
        targets: [TargetEntry],
        contexts: [ContextEntry],
        voices: Voices
    ) -> Policy? {
        let rules = PolicyRules(
            audiences: audiences,
            targets: Dictionary(uniqueKeysWithValues: targets.map { ($0.target.name, $0.rule) }),
            contexts: Dictionary(
                uniqueKeysWithValues: contexts.compactMap { context in
                    context.allow.map { (context.settings.name.text, $0) }
                }
            ),
            voices: voices
        )
        do {
            return try Policy(rules)
        } catch {
            refuse("audiences", error.reason, fix: error.fix)
            return nil
        }
    }

    fileprivate func secrets(keys: KeySettings?, files: inout FileSettings) -> SecretSettings? {
        guard let section = section("secrets", Keys(["master_key"])), let file = section.text("master_key") else {
            guard let keys else { return nil }
            let place = ConfigurationPlace(
                file: problems.file,
                line: mark(of: "keys").line,
                column: mark(of: "keys").column,
                key: "secrets.master_key"
            )
            let directory = keys.directory.hasSuffix("/") ? keys.directory : keys.directory + "/"
            return SecretSettings(masterKey: files.add(.secret, directory + "master.key", place: place))
        }
        return SecretSettings(masterKey: files.add(.secret, path(file.value), place: place(of: file)))
    }

    fileprivate func ledger(issuer: IssuerSetting?) -> LedgerSettings? {
        let section = section("ledger", Keys(["origin", "witnesses"]))
        let witnesses = section?.witnesses() ?? []
        guard let origin = section.flatMap({ $0.text("origin") }) else {
            return issuer.map { issuer in
                LedgerSettings(origin: String(issuer.url.drop { $0 != "/" }.dropFirst(2)), witnesses: witnesses)
            }
        }
        // A key's name in a signed note (C2SP signed-note) holds neither spaces nor '+'.
        let isName =
            origin.value.utf8.count <= 255
            && origin.value.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "+") }
        guard isName else {
            problems.error(
                at: origin.mark,
                origin.key,
                "'\(origin.value)' is no name of a ledger",
                fix: "write visible ASCII without spaces and '+', such as ci.example.com/ledger"
            )
            return nil
        }
        return LedgerSettings(origin: origin.value, witnesses: witnesses)
    }

    private func witnesses() -> [String] {
        guard has("witnesses") else { return [] }
        return (texts("witnesses", limit: 1_024) ?? []).compactMap { witness in
            let parts = witness.value.split(separator: " ")
            let isKey = parts.first.map { $0.split(separator: "+", maxSplits: 2).count == 3 } ?? false
            let isURL = parts.last.map { $0.hasPrefix("https://") || $0.hasPrefix("http://") } ?? false
            guard parts.count == 2, isKey, isURL else {
                problems.error(
                    at: witness.mark,
                    witness.key,
                    "'\(witness.value)' is no witness",
                    fix:
                        "write its verifier key and its address, as in 'witness.example.com/w1+e07bb2cd+BC… https://witness.example.com'"
                )
                return nil
            }
            return witness.value
        }
    }

    fileprivate func log() -> LogSettings {
        let section = section("log", Keys(["format", "level"]))
        return LogSettings(
            format: section?.choice("format", of: Log.Format.self) ?? .text,
            level: section?.choice("level", of: Log.Level.self) ?? .info
        )
    }
}
