internal import JSON

extension KubernetesAuthentication {
    private static let tracing = CELHorizon(root: "claims")

    /// The claims that it looks at, with the values that it names.
    package var horizon: Horizon {
        var horizon = Horizon()
        for authenticator in authenticators {
            horizon.add(ClaimPath("iss"), authenticator.url.text.map { .string($0) })
            for audience in authenticator.audiences?.texts ?? [] { horizon.add(ClaimPath("aud"), .string(audience)) }
            for rule in authenticator.rules {
                if let name = rule["claim"]?.text {
                    horizon.add(ClaimPath(name), rule["requiredValue"]?.text.map { .string($0) })
                }
                add(rule["expression"], to: &horizon)
            }
            let username = authenticator.node["claimMappings"]?["username"]
            if let claim = username?["claim"]?.text { horizon.add(ClaimPath(claim), "stranger") }
            add(username?["expression"], to: &horizon)
        }
        return horizon
    }

    private func add(_ node: PolicyNode?, to horizon: inout Horizon) {
        guard let expression = node.flatMap({ CELCondition($0).expression }) else { return }
        Self.tracing.add(expression, to: &horizon)
    }

    /// What in it may admit more than was meant.
    package var suspicions: [Suspicion] {
        var found = Suspicion.common(horizon, kind: kind) + Suspicion.duplicates(root) { _ in nil }
        for authenticator in authenticators {
            for rule in authenticator.rules {
                if let node = rule["expression"] { found += Self.tracing.suspicions(CELCondition(node)) }
                guard let name = rule["claim"]?.text, let value = rule["requiredValue"], let text = value.text else {
                    continue
                }
                found += Suspicion.ofPattern(text, ClaimPath(name), value.place, "requiredValue")
                if text.contains("*") {
                    found.append(
                        Suspicion(
                            .otherSyntax,
                            value.place,
                            [[Stipulation(ClaimPath(name), .string(text))]],
                            "'\(text)' has a *, which requiredValue takes for itself",
                            fix: "write an expression, such as claims.\(name).startsWith(…)"
                        )
                    )
                }
            }
            if !(authenticator.url.text ?? "").hasPrefix("https://") {
                found.append(
                    Suspicion(
                        .limit,
                        authenticator.url.place,
                        [],
                        "the issuer's url is https",
                        fix: "write an https URL"
                    )
                )
            }
        }
        return found
    }
}
