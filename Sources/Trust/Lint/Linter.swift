internal import JSON

/// Finds what a policy admits that nobody meant.
///
/// It suspects by the policy's text, and proves by a token that the policy's own evaluator passes. What cannot be proved is no
/// finding.
package enum Linter {
    /// The findings in a policy, the gravest first.
    ///
    /// `chosen` says of claims which a job chooses for itself how that comes, as a configuration of the issuer has it.
    package static func findings(in policy: any TrustPolicy, chosen: [String: String] = [:]) -> [Finding] {
        let search = WitnessSearch(policy: policy)
        var findings: [Finding] = []
        let anybody = search.find([])
        let told = Suspicion.chosen(policy.horizon, chosen)
        let isTold = { (path: ClaimPath?) in path.map { path in told.contains { $0.chosen == path } } ?? false }
        for suspicion in policy.suspicions.filter({ !isTold($0.chosen) }) + told {
            var witness: JSONObject?
            for attempt in suspicion.attempts where witness == nil { witness = search.find(attempt) }
            if suspicion.rule == .limit {
                // A limit stands whoever passes: what the cloud will not take is shown by any token that counts on it.
                witness = witness ?? anybody
            } else if witness == nil {
                continue
            }
            let place = suspicion.place ?? witness.flatMap { clause(admitting: $0, policy)?.place }
            let isKnown = findings.contains {
                $0.rule == suspicion.rule && $0.place == place && $0.message == suspicion.message
            }
            guard !isKnown else { continue }
            findings.append(
                Finding(
                    rule: suspicion.rule,
                    place: place,
                    message: suspicion.message,
                    fix: suspicion.fix,
                    witness: witness
                )
            )
        }
        if anybody == nil {
            findings.append(
                Finding(
                    rule: .admitsNobody,
                    place: nil,
                    message: "no token was found that passes",
                    fix: "hold a real token against it with jobpass trust explain",
                    witness: nil
                )
            )
        }
        return findings.enumerated().sorted {
            ($0.element.rule.level, -$0.offset) > ($1.element.rule.level, -$1.offset)
        }.map(\.element)
    }

    private static func clause(admitting claims: JSONObject, _ policy: any TrustPolicy) -> Clause? {
        policy.explain(Presented(claims)).clauses.first { $0.effect == .allow && $0.verdict == .pass }
    }
}

extension Suspicion {
    private static let iss = ClaimPath("iss")
    private static let aud = ClaimPath("aud")

    /// Claims whose value the code of a job, or whoever starts it, can choose.
    static func isChosenByJob(_ path: ClaimPath) -> Bool {
        let chosen: Set<String> = [
            "job_claims", "head_ref", "actor", "event", "event_name", "workflow", "job", "user_login", "runner",
        ]
        return path.names.first.map { chosen.contains($0) } ?? false
    }

    /// What may be amiss with a policy of any kind.
    static func common(_ horizon: Horizon, kind: PolicyKind) -> [Suspicion] {
        let others = horizon.values.map(\.path).filter { $0 != iss && $0 != aud }
        var strange = others.map { Stipulation($0, strangers($0)) }
        if !others.contains(ClaimPath("sub")) {
            strange.append(Stipulation(ClaimPath("sub"), WitnessSearch.stranger["sub"]))
        }
        var found = [
            Suspicion(
                .onlyAudience,
                nil,
                [
                    strange,
                    strange.filter { $0.path == ClaimPath("sub") }
                        + others.filter { $0 != ClaimPath("sub") }.map { Stipulation($0, nil) },
                ],
                "every job of the issuer passes: neither sub nor any other claim of the job decides",
                fix: "bind sub, or the claims that say which project and branch it is"
            )
        ]
        if kind != .vault, kind != .own {
            found.append(
                Suspicion(
                    .anyIssuer,
                    nil,
                    [[Stipulation(iss, "https://stranger.example")]],
                    "tokens of any issuer pass",
                    fix: "name the issuer"
                )
            )
        }
        if kind != .own {
            found.append(
                Suspicion(
                    .anyAudience,
                    nil,
                    [[Stipulation(aud, "https://stranger.example")]],
                    "tokens for any audience pass",
                    fix: "bind aud to the audience that is meant for this"
                )
            )
        }
        found += identities(others)
        return found
    }

    private static func strangers(_ path: ClaimPath) -> JSON {
        path.names.count == 1 ? WitnessSearch.stranger[path.names[0]] ?? "stranger" : "stranger"
    }

    /// Names without numbers, and what a job says of itself.
    private static func identities(_ paths: [ClaimPath]) -> [Suspicion] {
        var found: [Suspicion] = []
        for path in paths where isChosenByJob(path) {
            found.append(chosen(path, of: paths, "whoever writes or starts a job chooses its value"))
        }
        let names: Set<String> = ["sub", "project", "repository", "repository_owner", "project_path", "namespace_path"]
        let numbers = paths.contains { $0.names.last?.hasSuffix("_id") ?? false }
        if !numbers, paths.contains(where: { $0.names.count == 1 && names.contains($0.names[0]) }) {
            found.append(
                Suspicion(
                    .reusableName,
                    nil,
                    [[Stipulation(ClaimPath("project_id"), "another-project-of-that-name")]],
                    "the project counts by its name alone: who registers a freed name again passes",
                    fix: "bind project_id as well, or put it into sub"
                )
            )
        }
        return found
    }

    private static func chosen(_ path: ClaimPath, of paths: [ClaimPath], _ how: String) -> Suspicion {
        var suspicion = Suspicion(
            .chosenByJob,
            nil,
            [
                paths.filter {
                    $0 != path && !isChosenByJob($0) && $0.names.count == 1 && $0.names[0] != "sub"
                        && $0.names[0] != "project" && $0.names[0] != "repository"
                }.map { Stipulation($0, strangers($0)) }, [],
            ],
            "'\(path)' decides, and \(how)",
            fix: "bind what is attested of the job: project, ref, environment"
        )
        suspicion.chosen = path
        return suspicion
    }

    /// The claims of a horizon that jobs choose, by what a configuration says of where claims come from.
    static func chosen(_ horizon: Horizon, _ sources: [String: String]) -> [Suspicion] {
        let paths = horizon.values.map(\.path)
        return paths.compactMap { path in
            path.names.first.flatMap { sources[$0] }.map {
                chosen(path, of: paths.filter { $0 != iss && $0 != aud }, $0)
            }
        }
    }

    /// What a glob or an exact text gives away that was meant for something else.
    static func ofPattern(
        _ text: String,
        _ path: ClaimPath,
        _ place: Place?,
        _ what: String,
        wrap: (String) -> JSON = { .string($0) }
    ) -> [Suspicion] {
        guard
            text.hasPrefix("^") || text.hasSuffix("$") || text.contains(".*") || text.contains(".+")
                || text.contains("\\d")
                || text.contains("[a-z") || text.contains("(?:")
        else { return [] }
        return [
            Suspicion(
                .otherSyntax,
                place,
                [[Stipulation(path, wrap(Glob(text, hasOne: true).sample("x")))], []],
                "'\(text)' is written as a regular expression, which \(what) does not take: its signs stand for themselves",
                fix: "write the exact value, or a glob where that is taken"
            )
        ]
    }

    /// What a glob with a star takes besides what was meant.
    static func ofGlob(
        _ glob: Glob,
        _ text: String,
        _ path: ClaimPath,
        _ place: Place?,
        wrap: (String) -> JSON = { .string($0) }
    ) -> [Suspicion] {
        guard glob.tokens.contains(.any) else { return [] }
        if glob.tokens.allSatisfy({ $0 == .any }) {
            return [
                Suspicion(
                    .tautology,
                    place,
                    [[Stipulation(path, wrap("stranger"))]],
                    "'\(text)' on \(path) takes every value",
                    fix: "write what the value begins with, up to a separator"
                )
            ]
        }
        var found = [
            Suspicion(
                .wildcardCrosses,
                place,
                [[Stipulation(path, wrap(glob.sample("stranger:ref:refs/heads/anything:x")))]],
                "a * in '\(text)' on \(path) takes ':' and '/' as well, so that further fields, another ref or another event pass",
                fix: "write the whole value, or one condition a field"
            )
        ]
        let isOpen = { (token: Glob.Token?) in
            if case .literal(let scalar)? = token { !":/@#|,".unicodeScalars.contains(scalar) } else { false }
        }
        if glob.tokens.last == .any,
            isOpen(glob.tokens.dropLast().last) || glob.tokens.first == .any && isOpen(glob.tokens.dropFirst().first)
        {
            found.append(
                Suspicion(
                    .unanchored,
                    place,
                    [[Stipulation(path, wrap(glob.sample("-stranger")))]],
                    "'\(text)' ends within a name, so that names which go on pass too",
                    fix: "end it with the separator that follows the name"
                )
            )
        }
        return found
    }

    /// What a name that stands twice has dropped.
    static func duplicates(_ root: PolicyNode, _ path: (String) -> ClaimPath?) -> [Suspicion] {
        root.duplicates.map { duplicate in
            let paths = duplicate.dropped.flatMap { [$0.name] + $0.value.names }.compactMap(path)
            let strange = paths.map { Stipulation($0, strangers($0)) }
            let lines = duplicate.dropped.map { "\($0.place.line)" }.joined(separator: ", ")
            return Suspicion(
                .duplicateKey,
                duplicate.dropped.first?.place,
                [strange, []],
                "\"\(duplicate.name)\" stands again in line \(duplicate.kept.line), and only that one counts: what line \(lines) says is dropped",
                fix: "write it once, with all that is to hold"
            )
        }
    }
}
