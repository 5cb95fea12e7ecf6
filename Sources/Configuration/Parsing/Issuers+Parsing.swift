internal import Claims
internal import Policy
internal import Text
internal import Time
internal import YAML

/// `issuers` and `token.subjects`: who speaks of which projects' runs, and in which form.
extension Section {
    private static let issuerKeys = Keys([
        "projects", "path", "subject", "rotate_after", "cache_time", "mirrors", "shut",
    ])
    /// First segments of paths that mean something else.
    private static let takenPaths = [
        "v1", "oauth", "log", "audit", "untrusted", "trusted", "healthz", "readyz", "metrics", ".well-known",
    ]

    func issuers(keys: KeySettings?, own: IssuerSetting?, reader: RuleReader) -> [IssuerEntry] {
        var paths: [String: String] = [:]
        var entries: [IssuerEntry] = []
        for entry in named("issuers") {
            let key = name("issuers.\(entry.key)")
            guard entry.key.isPlainName, !Self.takenPaths.contains(entry.key) else {
                problems.error(
                    at: entry.keyMark,
                    key,
                    "'\(entry.key)' is no name of an issuer",
                    fix: "write \(String.plainNameRule), and none of \(Self.takenPaths.joined(separator: ", "))"
                )
                continue
            }
            guard let section = Section(entry.value, at: key, keys: Self.issuerKeys, problems: problems),
                let issuer = section.issuer(entry.key, keys: keys, own: own, reader: reader)
            else { continue }
            if let other = paths.updateValue(issuer.name, forKey: issuer.path) {
                section.refuse("path", "'\(issuer.path)' is the path of issuer '\(other)'", fix: "give it another")
                continue
            }
            entries.append(issuer)
        }
        return entries
    }

    private func issuer(
        _ name: String,
        keys: KeySettings?,
        own: IssuerSetting?,
        reader: RuleReader
    ) -> IssuerEntry? {
        requireKey("projects", example: "[\"acme/*\"]")
        let projects = (texts("projects") ?? []).compactMap { pattern($0) }
        let path = text("path")?.value ?? name
        let longest = IssuerSetting.maximumLength - (own?.url.utf8.count ?? 0)
        if !path.isPlainName || Self.takenPaths.contains(path) || path.utf8.count + 1 > longest {
            refuse(
                "path",
                "'\(path)' is no path of an issuer",
                fix: "write one segment of letters, digits, '.', '_' and '-', with the issuer before it of at most "
                    + "\(IssuerSetting.maximumLength) bytes, and none of \(Self.takenPaths.joined(separator: ", "))"
            )
            return nil
        }
        let rotateAfter = duration("rotate_after", .seconds(86_400)...(.seconds(3_650 * 86_400))) ?? keys?.rotateAfter
        let cacheTime =
            duration("cache_time", .seconds(1)...(.seconds(86_400))) ?? keys?.cacheTime ?? .seconds(300)
        if let rotateAfter, rotateAfter < cacheTime * 2 {
            refuse(
                "rotate_after",
                "\(rotateAfter.text) is less than two cache times of \(cacheTime.text)",
                fix: "write a longer one: a new key waits for a cache time before it signs"
            )
        }
        guard !projects.isEmpty else { return nil }
        return IssuerEntry(
            name: name,
            path: path,
            projects: projects,
            subject: has("subject") ? reader.subject(self) : nil,
            rotateAfter: rotateAfter,
            cacheTime: cacheTime,
            mirrors: has("mirrors") ? mirrors() : keys?.mirrors ?? [],
            isShut: flag("shut") ?? false
        )
    }

    /// Which issuer speaks of which run, and in which form.
    func voices(_ issuers: [IssuerEntry], _ token: TokenSettings) -> Voices {
        Voices(
            issuers: issuers.map {
                IssuerRule(name: $0.name, projects: $0.projects, isShut: $0.isShut, subject: $0.subject)
            },
            projects: token.projectSubjects,
            subject: token.subject
        )
    }

    /// `token.subjects`, in the section of `token`.
    func projectSubjects(_ reader: RuleReader) -> [ProjectSubject] {
        guard has("subjects") else { return [] }
        return nodes("subjects").enumerated().compactMap { index, node in
            let keys = Keys(["projects", "subject"])
            guard let section = Section(node, at: name("subjects[\(index)]"), keys: keys, problems: problems) else {
                return nil
            }
            section.requireKey("projects", example: "[\"acme/*\"]")
            section.requireKey("subject", example: "[project_id, ref]")
            let projects = (section.texts("projects") ?? []).compactMap { section.pattern($0) }
            guard let subject = reader.subject(section), !projects.isEmpty else { return nil }
            return ProjectSubject(projects: projects, subject: subject)
        }
    }
}
