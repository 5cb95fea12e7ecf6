internal import Auditing
internal import Claims
internal import Configuration
internal import Exchange
internal import JSON
internal import Ledger
internal import Policy
internal import Time
internal import TrustFiles

/// What changes when subjects take another form: rules, and the subs that the ledger's tokens had.
struct SubjectMigration {
    /// A target or an audience whose tokens change.
    struct Place {
        let name: String
        let target: Target?
        let rule: TokenRule
        /// The forms that go.
        let old: [SubjectFormat]
    }

    /// What one rule lets in at the cloud, in the old form and in the new one.
    struct RuleRow {
        let what: String
        let place: String
        let old: [String]
        let new: [String]
        /// Why the new form is none, or looser than meant.
        let problem: String?
    }

    /// Tokens of one sub.
    struct TokenRow {
        let what: String
        let sub: String
        /// Whether it is of the form that goes.
        let isOld: Bool
        /// The sub in the new form, or why there is none.
        let new: Result<String, SubjectError>
        var count: Int
        var last: UnixTime
        /// When the last of them expires.
        var expires: UnixTime
    }

    let places: [Place]
    let new: SubjectFormat
    private let voices: Voices
    private(set) var tokens: [String: TokenRow] = [:]
    private(set) var count = 0

    /// Of all targets and audiences, or of those that are named; `old` takes the place of what is configured.
    init(_ settings: Settings, from old: SubjectFormat?, to new: SubjectFormat, targets: [String]) {
        self.new = new
        voices = settings.policy.voices
        func place(_ name: String, _ target: Target?, _ rule: TokenRule) -> Place {
            var forms = old.map { [$0] } ?? []
            for form in rule.allow.rules.flatMap({ rule.forms(of: $0, settings.policy.voices) }).map(\.subject)
            where old == nil && form != new && !forms.contains(form) { forms.append(form) }
            return Place(name: name, target: target, rule: rule, old: forms)
        }
        let chosen = settings.targets.filter { targets.isEmpty || targets.contains($0.name) }
        places =
            chosen.compactMap { target in
                settings.policy.rule(ofTarget: target.name).map { place("target \(target.name)", target, $0) }
            }
            + (targets.isEmpty ? settings.policy.audienceRules : []).map { place("audience \($0.audience)", nil, $0) }
    }

    /// The rules, with what each lets in at the cloud before and after.
    var rules: [RuleRow] {
        places.flatMap { place in
            place.rule.allow.rules.enumerated().map { index, rule in
                let limit = place.rule.subjectLimit
                let old = place.old.flatMap { TrustFiles.subjects(of: rule, in: $0, limit: limit) ?? ["(too many)"] }
                let next = TrustFiles.subjects(of: rule, in: new, limit: limit) ?? ["(too many)"]
                return RuleRow(
                    what: place.name,
                    place: "rule \(index + 1) at \(rule.place)",
                    old: old,
                    new: next,
                    problem: problem(rule, next, limit)
                )
            }
        }
    }

    private func problem(_ rule: Rule, _ subjects: [String], _ limit: SubjectLimit) -> String? {
        let open = new.names.filter { name in !rule.conditions.contains { $0.name == name } }
        if let long = subjects.first(where: { !$0.contains("*") && $0.utf8.count > limit.bytes }) {
            return
                "'\(long)' has \(long.utf8.count) bytes, and \(limit.party) takes \(limit.bytes): choose fewer claims, or --digest"
        }
        guard !open.isEmpty else { return nil }
        let names = open.map(\.description).joined(separator: ", ")
        return "it does not name \(names), so any value stands in sub there: name it in the rule"
    }

    /// Takes note of an entry of the ledger.
    mutating func take(_ view: EntryView) {
        let entry = view.leaf.entry
        guard entry.kind == .tokenIssued, let claims = view.claims, let sub = claims["sub"]?.asString else { return }
        let what = entry.target.map { "target \($0)" } ?? "audience \(entry.audience ?? "")"
        guard let place = places.first(where: { $0.name == what }) else { return }
        count += 1
        let limit = place.rule.subjectLimit
        let value = { (name: ClaimName) in claims[name.description]?.asString }
        let next = Result { () throws(SubjectError) in try new.subject(limit: limit, of: value).text }
        let isNew = (try? next.get()) == sub
        let isOld = !isNew && place.old.contains { (try? $0.subject(limit: limit, of: value).text) == sub }
        let key = "\(what)\n\(sub)"
        var row =
            tokens[key]
            ?? TokenRow(
                what: what,
                sub: sub,
                isOld: isOld,
                new: next,
                count: 0,
                last: view.leaf.time,
                expires: view.leaf.time
            )
        row.count += 1
        row.last = max(row.last, view.leaf.time)
        row.expires = max(row.expires, entry.expires ?? view.leaf.time)
        tokens[key] = row
    }

    /// The tokens by their subs, those that came most often first.
    var rows: [TokenRow] { tokens.values.sorted { ($0.what, -$0.count, $0.sub) < ($1.what, -$1.count, $1.sub) } }

    /// How the form that goes is still used at a place, as one sentence, and whether it can be dropped.
    func outlook(_ place: Place, since start: UnixTime, now: UnixTime) -> (text: String, isUnused: Bool) {
        let old = tokens.values.filter { $0.what == place.name && $0.isOld }
        guard let last = old.map(\.last).max(), let end = old.map(\.expires).max() else {
            let new = tokens.values.filter { $0.what == place.name && !$0.isOld }.reduce(0) { $0 + $1.count }
            return (
                "the old form is unused since \(RFC3339.format(start)), with \(new) tokens in the new one: its cloud need let in the new "
                    + "one alone",
                true
            )
        }
        let count = old.reduce(0) { $0 + $1.count }
        return (
            "\(count) tokens in the old form, the last at \(RFC3339.format(last)), "
                + (end > now ? "good until \(RFC3339.format(end))" : "all expired") + ": its cloud must let in both",
            false
        )
    }
}
