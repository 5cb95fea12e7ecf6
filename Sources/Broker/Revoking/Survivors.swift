internal import Auditing
internal import Exchange
internal import JSON
internal import Ledger
internal import Runs
internal import Text
internal import Time
internal import TrustFiles

/// What a revocation cannot end: tokens and credentials that are out, and static secrets that were read.
struct Survivors: Sendable {
    /// One of them, by its entry.
    struct Item: Sendable {
        /// What it is.
        enum Kind: String, Sendable {
            case idToken = "id_token"
            case credential
            case staticSecrets = "static_secrets"
        }

        let kind: Kind
        let view: EntryView
        let type: TargetType?

        var entry: Entry { view.leaf.entry }

        var json: JSON {
            var members: JSONObject = [
                "kind": .string(kind.rawValue), "ledger_index": .integer(Int64(clamping: view.index)),
                "expires_at": kind == .staticSecrets
                    ? .null : entry.expires.map { .string(RFC3339.format($0)) } ?? .null,
            ]
            let texts = [
                ("run", entry.run), ("project", view.claims?["project"]?.asString), ("jti", entry.jti),
                ("audience", entry.audience), ("target", entry.target), ("type", type?.rawValue),
                ("credential", entry.credential), ("session", entry.session), ("context", entry.context),
                ("secret", entry.secret),
            ]
            for case (let name, let text?) in texts { members[name] = .string(text) }
            return .object(members)
        }
    }

    var items: [Item] = []
    /// Credentials that were revoked at their clouds.
    var revoked = 0
    /// Whether the ledger was read to its end; else these are the newest.
    var isComplete = true

    /// When the last of them is over; nil where one has no end.
    var end: UnixTime? {
        guard items.allSatisfy({ $0.kind != .staticSecrets && $0.entry.expires != nil }) else { return nil }
        return items.compactMap(\.entry.expires).max()
    }

    var json: JSONObject {
        [
            "credentials_revoked": .integer(Int64(revoked)), "living": .array(items.map(\.json)),
            "complete": .bool(isComplete), "over_at": end.map { .string(RFC3339.format($0)) } ?? .null,
        ]
    }
}

extension Broker {
    /// The most that one answer lists of each kind, and the most pages that are read for it.
    private static let mostSurvivors = 10_000
    private static let mostPages = 1_000
    /// Beyond the longest life of a token, and of the sessions that clouds give.
    private static let tokenLife = Duration.seconds(25 * 3_600)
    private static let credentialLife = Duration.seconds(33 * 86_400)

    /// Asks the ledger what is out of what a revocation is about.
    func survivors(of revocation: Revocation) async throws(Problem) -> Survivors {
        var found = Survivors()
        let now = clock()
        let runs = try await registered(of: revocation, &found.isComplete)
        func recent(_ kind: EntryKind, _ life: Duration) async throws(Problem) -> [EntryView] {
            try await entries(of: revocation, runs, kind, since: now - life, &found.isComplete)
        }
        for view in try await recent(.tokenIssued, Self.tokenLife) where view.leaf.entry.isAlive(at: now) {
            found.items.append(Survivors.Item(kind: .idToken, view: view, type: type(of: view)))
        }
        // What a stolen key's holder has bought is in no ledger, and what honest runs have is not to be ended for it.
        if case .key = revocation.scope { return found }
        let ended = Set(try await recent(.credentialRevoked, Self.credentialLife).filter(\.isDone).map(\.credentialKey))
        for view in try await recent(.exchangeSucceeded, Self.credentialLife) where view.leaf.entry.isAlive(at: now) {
            if view.leaf.entry.credential != nil, ended.contains(view.credentialKey) {
                found.revoked += 1
            } else {
                found.items.append(Survivors.Item(kind: .credential, view: view, type: type(of: view)))
            }
        }
        var contexts: Set<String> = []
        for kind in [EntryKind.secretRead, .fallbackUsed] {
            for view in try await recent(kind, Self.credentialLife) {
                let place = "\(view.leaf.entry.context ?? "")/\(view.leaf.entry.secret ?? "")"
                guard view.isDone, contexts.insert(place).inserted else { continue }
                found.items.append(Survivors.Item(kind: .staticSecrets, view: view, type: nil))
            }
        }
        return found
    }

    /// What to put into the clouds of what is left; of a stolen key into all, as its holder can trade anywhere.
    func denials(of survivors: Survivors, _ revocation: Revocation) -> [Denial] {
        let standing = now
        let names: Set<String> =
            switch revocation.scope {
            case .key, .since: Set(standing.targets.keys)
            case .run, .project: Set(survivors.items.compactMap(\.entry.target))
            }
        return names.sorted().compactMap { name in
            guard let target = standing.targets[name] else { return nil }
            let here = survivors.items.filter { $0.entry.target == name }
            let isOfOneRun = if case .run = revocation.scope { true } else { false }
            return Denial(
                at: target,
                Denial.Facts(
                    issuers: Set(here.compactMap { $0.kind == .idToken ? $0.entry.issuer : nil }).sorted(),
                    subjects: Set(here.compactMap { $0.kind == .idToken ? $0.view.claims?["sub"]?.asString : nil })
                        .sorted(),
                    sessions: isOfOneRun ? Set(here.compactMap(\.entry.session)).sorted() : [],
                    before: revocation.made
                )
            )
        }
    }

    private func type(of view: EntryView) -> TargetType? { view.leaf.entry.target.flatMap { now.targets[$0]?.type } }

    /// The runs that `since` means, by the entries of their registration; nil for every other scope.
    private func registered(
        of revocation: Revocation,
        _ isComplete: inout Bool
    ) async throws(Problem) -> Set<String>? {
        guard case .since(let moment) = revocation.scope else { return nil }
        var runs: Set<String> = []
        for kind in [EntryKind.runRegistered, .federationAccepted] {
            let views = try await entries(of: revocation, nil, kind, since: moment, &isComplete)
            runs.formUnion(views.compactMap(\.leaf.entry.run))
        }
        return runs
    }

    /// The entries of a kind that a revocation is about, the newest first.
    private func entries(
        of revocation: Revocation,
        _ runs: Set<String>?,
        _ kind: EntryKind,
        since: UnixTime,
        _ isComplete: inout Bool
    ) async throws(Problem) -> [EntryView] {
        var query = AuditQuery()
        query.kind = kind
        query.since = since
        query.limit = AuditQuery.largestLimit
        switch revocation.scope {
        case .run(let id): query.run = id
        case .project(let pattern): if !pattern.hasStar { query.claims["project"] = pattern.description }
        case .key(let kid): query.kid = kid
        case .since(let moment): query.since = max(since, moment)
        }
        var found: [EntryView] = []
        for _ in 0..<Self.mostPages {
            let page = try await page(query)
            for record in page.records {
                switch record {
                case .entry(let view): if Self.isMeant(view, revocation, runs) { found.append(view) }
                // What cannot be read may be about it as well.
                case .pruned, .unreadable: isComplete = false
                }
            }
            guard let next = page.next else { return found }
            guard found.count < Self.mostSurvivors else { break }
            query.cursor = next
        }
        isComplete = false
        return found
    }

    private static func isMeant(_ view: EntryView, _ revocation: Revocation, _ runs: Set<String>?) -> Bool {
        switch revocation.scope {
        case .run, .key: true
        case .project(let pattern): pattern.matches(view.claims?["project"]?.asString ?? "")
        case .since: runs.map { runs in view.leaf.entry.run.map(runs.contains) ?? false } ?? true
        }
    }
}

extension Entry {
    fileprivate func isAlive(at now: UnixTime) -> Bool { outcome == .succeeded && (expires.map { $0 > now } ?? true) }
}

extension EntryView {
    fileprivate var isDone: Bool { leaf.entry.outcome == .succeeded }

    /// What tells one credential from another.
    fileprivate var credentialKey: [String?] { [leaf.entry.run, leaf.entry.target, leaf.entry.credential] }
}
