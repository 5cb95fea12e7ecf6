internal import Claims
internal import Configuration
internal import Exchange
internal import JSON
internal import Policy
internal import Time
internal import TrustFiles

/// What a person and a program are told of a migration of subjects.
struct MigrationReport {
    private let migration: SubjectMigration
    private let start: UnixTime
    private let now: UnixTime
    /// The cloud's side of each target, letting in both forms.
    let files: [TrustFiles.File]
    /// Why a target has no such file.
    let notes: [String]

    init(_ migration: SubjectMigration, _ settings: Settings, start: UnixTime, now: UnixTime) {
        self.migration = migration
        self.start = start
        self.now = now
        var files: [TrustFiles.File] = []
        var notes: [String] = []
        for place in migration.places {
            guard let target = place.target, let format = Self.format(of: target.type) else { continue }
            do throws(TrustFiles.Refusal) {
                let trust = try TrustFiles(
                    target,
                    place.rule,
                    issuers: settings.trustIssuers,
                    forms: [migration.new] + place.old
                )
                files += try trust.files(format)
            } catch {
                notes.append("\(place.name): \(error.reason); \(error.fix)")
            }
        }
        self.files = files
        self.notes = notes
    }

    /// What most read of a target's type: a script beside its policy.
    private static func format(of type: TargetType) -> TrustFiles.Format? {
        switch type {
        case .aws: .awsCLI
        case .gcp: .gcloud
        case .azure: .az
        case .vault: .bao
        case .none: .kubernetes
        case .tokenExchange, .recipe: nil
        }
    }

    func text(_ style: Style) -> String {
        var rules = Table("TO", "RULE", "SUB NOW", "SUB THEN", "MIND")
        for row in migration.rules {
            rules.add(
                row.what,
                row.place,
                row.old.joined(separator: ", "),
                row.new.joined(separator: ", "),
                row.problem ?? "-"
            )
        }
        var tokens = Table("TO", "SUB", "FORM", "SUB THEN", "TOKENS", "LAST")
        for row in migration.rows {
            tokens.add(
                row.what,
                row.sub,
                row.isOld ? "old" : (try? row.new.get()) == row.sub ? "new" : "other",
                Self.text(row.new),
                "\(row.count)",
                RFC3339.format(row.last)
            )
        }
        var text = "From \(formats) to \(migration.new)\n\n" + rules.text(style)
        text += "\n\(migration.count) tokens since \(RFC3339.format(start))\n\n"
        if !tokens.rows.isEmpty { text += tokens.text(style) + "\n" }
        for place in migration.places {
            text += "\(place.name): \(migration.outlook(place, since: start, now: now).text)\n".madeVisibleLine
        }
        return text
    }

    private var formats: String {
        var formats: [String] = []
        for form in migration.places.flatMap(\.old).map(\.description) where !formats.contains(form) {
            formats.append(form)
        }
        return formats.joined(separator: " and ")
    }

    private static func text(_ result: Result<String, SubjectError>) -> String {
        switch result {
        case .success(let sub): sub
        case .failure(let error): "none: \(error)"
        }
    }

    var json: JSON {
        [
            "from": .array(migration.places.flatMap(\.old).map { .string($0.description) }),
            "to": .string(migration.new.description), "since": .string(RFC3339.format(start)),
            "tokens": .integer(Int64(migration.count)),
            "rules": .array(
                migration.rules.map { row in
                    [
                        "place": .string(row.what), "rule": .string(row.place),
                        "old": .array(row.old.map { .string($0) }), "new": .array(row.new.map { .string($0) }),
                        "changes": .bool(row.old != row.new), "problem": row.problem.map { .string($0) } ?? .null,
                    ]
                }
            ),
            "subjects": .array(migration.rows.map(Self.json)),
            "places": .array(
                migration.places.map { place in
                    let outlook = migration.outlook(place, since: start, now: now)
                    return [
                        "place": .string(place.name), "old_form_unused": .bool(outlook.isUnused),
                        "outlook": .string(outlook.text),
                    ]
                }
            ),
            "files": .array(files.map { ["name": .string($0.name), "text": .string($0.text)] }),
            "notes": .array(notes.map { .string($0) }),
        ]
    }

    private static func json(_ row: SubjectMigration.TokenRow) -> JSON {
        var members: JSONObject = [
            "place": .string(row.what), "sub": .string(row.sub), "is_old": .bool(row.isOld),
            "tokens": .integer(Int64(row.count)), "last": .string(RFC3339.format(row.last)),
        ]
        switch row.new {
        case .success(let sub): members["new_sub"] = .string(sub)
        case .failure(let error): members["refused"] = .string("\(error)")
        }
        return .object(members)
    }
}
