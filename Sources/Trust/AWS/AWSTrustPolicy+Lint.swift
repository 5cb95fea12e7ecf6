internal import JSON

extension AWSTrustPolicy {
    private func conditions(of effect: Clause.Effect) -> [AWSCondition] {
        statements.filter { $0.effect == effect }.flatMap(\.conditions)
    }

    /// The claims that it looks at, with the values that it names.
    package var horizon: Horizon {
        var horizon = Horizon()
        let iss = ClaimPath("iss")
        for statement in statements {
            for member in statement.principal?.members ?? [] {
                for text in member.value.texts {
                    guard let range = text.utf8.firstIndex(of: ":oidc-provider/") else { continue }
                    horizon.add(iss, .string("https://" + text[text.utf8.index(range, offsetBy: 15)...]))
                }
            }
        }
        for condition in statements.flatMap(\.conditions) {
            guard let colon = condition.key.lastIndex(of: ":"), condition.key[..<colon].contains("."),
                !condition.key.lowercased().hasPrefix("aws:")
            else { continue }
            horizon.add(iss, .string("https://\(condition.key[..<colon])"))
        }
        horizon.add(iss)
        for condition in statements.flatMap(\.conditions) {
            guard let path = AWSContext.path(of: condition.key) else { continue }
            horizon.add(path)
            guard condition.parsed?.test != .null else { continue }
            for text in condition.values.texts where !hasVariables || AWSPattern.variables(of: text).isEmpty {
                horizon.add(
                    path,
                    Self.claim(path, condition.parsed?.test == .like ? Glob(text, hasOne: true).sample("x") : text)
                )
            }
        }
        horizon.add(ClaimPath("aud"), "sts.amazonaws.com")
        return horizon
    }

    /// A value as the claim of a path carries it.
    private static func claim(_ path: ClaimPath, _ text: String) -> JSON {
        switch path.names[0] {
        case AWSClaims.tags: .array([.string(text)])
        case AWSClaims.roles: .array(["arn:aws:iam::111122223333:role/any"])
        default: .string(text)
        }
    }

    /// What in it may admit more than was meant.
    package var suspicions: [Suspicion] {
        var found = Suspicion.common(horizon, kind: kind)
        found += Suspicion.duplicates(root) { AWSContext.path(of: $0) }
        for condition in conditions(of: .allow) { found += suspicions(of: condition) }
        found += absences + sessions + limits
        return found
    }

    private func suspicions(of condition: AWSCondition) -> [Suspicion] {
        guard let path = AWSContext.path(of: condition.key), let parsed = condition.parsed, !parsed.isNegated else {
            return []
        }
        var found: [Suspicion] = []
        let foreign = Self.claim(path, "stranger")
        for text in condition.values.texts {
            let variables = hasVariables ? AWSPattern.variables(of: text) : []
            if variables.contains(where: { $0.key.lowercased() == condition.key.lowercased() }) {
                found.append(
                    Suspicion(
                        .tautology,
                        condition.place,
                        [[Stipulation(path, foreign)]],
                        "\(condition.key) is compared with itself: '\(text)' is the token's own value, so that every value passes",
                        fix: "write the value that is meant"
                    )
                )
            }
            guard variables.isEmpty else { continue }
            let wrap = { (value: String) in Self.claim(path, value) }
            switch parsed.test {
            case .like:
                found += Suspicion.ofGlob(Glob(text, hasOne: true), text, path, condition.place, wrap: wrap)
                found += Suspicion.ofPattern(text, path, condition.place, condition.operatorName, wrap: wrap)
            case .equals:
                found += Suspicion.ofPattern(text, path, condition.place, condition.operatorName, wrap: wrap)
                if Glob(text, hasOne: false).hasWildcard {
                    found.append(
                        Suspicion(
                            .otherSyntax,
                            condition.place,
                            [[Stipulation(path, wrap(text))], []],
                            "'\(text)' has a *, which \(condition.operatorName) takes for itself",
                            fix: "write StringLike, or the whole value"
                        )
                    )
                }
                if parsed.ignoresCase, text.uppercased() != text {
                    found.append(
                        Suspicion(
                            .caseIgnored,
                            condition.place,
                            [[Stipulation(path, wrap(text.uppercased()))]],
                            "\(condition.operatorName) takes '\(text.uppercased())' for '\(text)', which elsewhere is another",
                            fix: "write StringEquals"
                        )
                    )
                }
            default: break
            }
        }
        return found
    }

    /// Conditions that hold of what is not there.
    private var absences: [Suspicion] {
        conditions(of: .allow).compactMap { condition in
            guard let path = AWSContext.path(of: condition.key), let parsed = condition.parsed, parsed.test != .null,
                parsed.quantifier == .all || parsed.ifExists || parsed.isNegated
            else { return nil }
            let strange = [Stipulation(path, nil)]
            let why = parsed.quantifier == .all ? "ForAllValues" : parsed.ifExists ? "IfExists" : "a negated operator"
            return Suspicion(
                .passesOnAbsence,
                condition.place,
                [strange],
                "\(why) holds where the token has no \(condition.key)",
                fix: parsed.quantifier == .all
                    ? "write ForAnyValue:, or the plain operator, or add \"Null\": {\"\(condition.key)\": \"false\"}"
                    : "write what must be there, without \(parsed.ifExists ? "IfExists" : "the negation")"
            )
        }
    }

    private var sessions: [Suspicion] {
        let action = "sts:TagSession"
        let allows = statements.contains { statement in
            statement.effect == .allow
                && statement.actions.texts.contains { Glob($0.lowercased(), hasOne: true).matches(action.lowercased()) }
                    != statement.isNotAction
        }
        var found: [Suspicion] = []
        if !allows {
            found.append(
                Suspicion(
                    .noTagSession,
                    statements.first?.actions.place,
                    [[Stipulation(ClaimPath(AWSClaims.tags), nil)]],
                    "a token with session tags is refused whole, for no statement allows \(action); the same without tags passes",
                    fix: "add \"\(action)\" to Action, or set no tags on the target"
                )
            )
        }
        for condition in conditions(of: .allow) where condition.key.lowercased() == "sts:rolesessionname" {
            found.append(
                Suspicion(
                    .chosenByJob,
                    condition.place,
                    [[]],
                    "\(condition.key) is what whoever assumes the role writes",
                    fix: "bind sub"
                )
            )
        }
        return found
    }

    private var limits: [Suspicion] {
        let long = statements.flatMap(\.conditions).flatMap { condition in
            condition.values.elements.filter {
                ($0.text?.unicodeScalars.count ?? 0) > 255 && condition.key.lowercased().hasSuffix(":sub")
            }
        }
        var found = long.map { node in
            Suspicion(
                .limit,
                node.place,
                [[Stipulation(ClaimPath("sub"), .string(Glob(node.text ?? "", hasOne: true).sample("x")))]],
                "a sub of \(node.text?.unicodeScalars.count ?? 0) characters: AWS takes 255",
                fix: "have the target's subject name fewer claims"
            )
        }
        for statement in statements {
            for text in statement.principal?.members.flatMap(\.value.texts) ?? [] where text.hasPrefix("arn:") {
                guard let range = text.utf8.firstIndex(of: ":oidc-provider/") else { continue }
                let host = text[text.utf8.index(range, offsetBy: 15)...]
                if host.contains(":") || host.contains("?") || host.hasPrefix("http") {
                    found.append(
                        Suspicion(
                            .limit,
                            statement.principal?.place,
                            [],
                            "'\(host)' is no issuer that AWS takes: https without scheme, port and query here",
                            fix: "write the issuer's host and path"
                        )
                    )
                }
            }
        }
        return found
    }
}
