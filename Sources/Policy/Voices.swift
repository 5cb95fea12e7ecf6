package import Claims
package import Text

/// An issuer beside the broker's own: whose runs it speaks for, and whether it still does.
package struct IssuerRule: Sendable {
    /// The name that configuration gives it.
    package let name: String
    /// Patterns of its projects.
    package let projects: [Pattern]
    /// Whether it speaks no more: none of its projects' runs gets a token.
    package let isShut: Bool
    /// The subject of its tokens, where they have one of their own.
    package let subject: SubjectFormat?

    /// Makes a rule.
    package init(name: String, projects: [Pattern], isShut: Bool, subject: SubjectFormat?) {
        self.name = name
        self.projects = projects
        self.isShut = isShut
        self.subject = subject
    }
}

/// The subject of some projects' runs.
package struct ProjectSubject: Equatable, Sendable {
    package let projects: [Pattern]
    package let subject: SubjectFormat

    /// Makes a rule.
    package init(projects: [Pattern], subject: SubjectFormat) {
        self.projects = projects
        self.subject = subject
    }
}

/// The issuer that speaks of a run, and how it calls the run where audience or target has no subject of its own.
package struct Voice: Hashable, Sendable {
    /// The issuer's name; nil for the broker's own.
    package let issuer: String?
    package let isShut: Bool
    package let subject: SubjectFormat

    /// Makes a voice.
    package init(issuer: String?, isShut: Bool, subject: SubjectFormat) {
        self.issuer = issuer
        self.isShut = isShut
        self.subject = subject
    }
}

/// Which issuer speaks of which run, and in which form: decided by the run's project alone, the first that fits.
package struct Voices: Sendable {
    /// The broker's own issuer, in the standard form.
    package static let standard = Voices()

    /// The issuers beside the broker's own, in the order in which they are asked.
    package let issuers: [IssuerRule]
    private let projects: [ProjectSubject]
    /// The form where nothing else says one.
    package let subject: SubjectFormat

    /// Gathers issuers and forms; a project's form goes before an issuer's, and that before the standard one.
    package init(
        issuers: [IssuerRule] = [],
        projects: [ProjectSubject] = [],
        subject: SubjectFormat = .standard
    ) {
        self.issuers = issuers
        self.projects = projects
        self.subject = subject
    }

    /// The voice that speaks of a run.
    package func voice(of claims: ClaimSet) -> Voice {
        guard !issuers.isEmpty || !projects.isEmpty else { return Voice(issuer: nil, isShut: false, subject: subject) }
        let project = claims[.project] ?? ""
        let issuer = issuers.first { $0.projects.contains { $0.matches(project) } }
        return voice(issuer, projects.first { $0.projects.contains { $0.matches(project) } })
    }

    /// Every voice that may speak of a run which a rule allows, the broker's own last.
    package func voices(of rule: Rule) -> [Voice] {
        let patterns = rule.conditions.first { $0.name == .project }?.patterns ?? [.anything]
        var voices: [Voice] = []
        for (issuer, within) in Self.shares(issuers, of: patterns, \.projects) {
            for (project, _) in Self.shares(projects, of: within, \.projects) {
                let voice = voice(issuer, project)
                if !voices.contains(voice) { voices.append(voice) }
            }
        }
        return voices
    }

    private func voice(_ issuer: IssuerRule?, _ project: ProjectSubject?) -> Voice {
        Voice(
            issuer: issuer?.name,
            isShut: issuer?.isShut ?? false,
            subject: project?.subject ?? issuer?.subject ?? subject
        )
    }

    /// Which elements may be first to fit some project, each with patterns of those projects; nil for none of them.
    private static func shares<Element>(
        _ elements: [Element],
        of patterns: [Pattern],
        _ projects: (Element) -> [Pattern]
    ) -> [(element: Element?, within: [Pattern])] {
        var rest = patterns
        var shares: [(element: Element?, within: [Pattern])] = []
        for element in elements {
            let theirs = projects(element)
            var within: [Pattern] = []
            for pattern in rest {
                for other in theirs where other.meets(pattern) {
                    // The narrower of the two says more of what both take.
                    within.append(pattern.covers(other) && !other.covers(pattern) ? other : pattern)
                }
            }
            guard !within.isEmpty else { continue }
            shares.append((element, within))
            rest = rest.filter { pattern in !theirs.contains { $0.covers(pattern) } }
        }
        if !rest.isEmpty { shares.append((nil, rest)) }
        return shares
    }
}
