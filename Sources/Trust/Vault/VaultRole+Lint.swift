internal import JSON

extension VaultRole {
    /// The claims that it looks at, with the values that it names.
    package var horizon: Horizon {
        var horizon = Horizon()
        if let issuer = body["bound_issuer"]?.text { horizon.add(ClaimPath("iss"), .string(issuer)) }
        for audience in audiences { horizon.add(ClaimPath("aud"), .string(audience)) }
        if audiences.isEmpty { horizon.add(ClaimPath("aud")) }
        if let subject = body["bound_subject"]?.text, !subject.isEmpty {
            horizon.add(ClaimPath("sub"), .string(subject))
        }
        if let user = body["user_claim"]?.text { horizon.add(Self.path(of: user), "stranger") }
        if let groups = body["groups_claim"]?.text, !groups.isEmpty { horizon.add(Self.path(of: groups), ["stranger"]) }
        for bound in boundClaims {
            horizon.add(Self.path(of: bound.name))
            for value in bound.value.elements.map(\.json) {
                let sample =
                    isGlob ? value.asString.map { .string(Glob($0, hasOne: false).sample("x")) } ?? value : value
                horizon.add(Self.path(of: bound.name), sample)
            }
        }
        return horizon
    }

    /// What in it may admit more than was meant.
    package var suspicions: [Suspicion] {
        var found = Suspicion.common(horizon, kind: kind)
        found += Suspicion.duplicates(root) { $0 == "bound_subject" ? ClaimPath("sub") : Self.path(of: $0) }
        for bound in boundClaims {
            let path = Self.path(of: bound.name)
            for text in bound.value.texts {
                found += Suspicion.ofPattern(text, path, bound.place, isGlob ? "a glob" : "bound_claims")
                if isGlob {
                    found += Suspicion.ofGlob(Glob(text, hasOne: false), text, path, bound.place)
                } else if text.contains("*") {
                    found.append(
                        Suspicion(
                            .otherSyntax,
                            bound.place,
                            [[Stipulation(path, .string(text))]],
                            "'\(text)' has a *, which bound_claims take for itself without bound_claims_type: glob",
                            fix: "add \"bound_claims_type\": \"glob\", or write the whole value"
                        )
                    )
                }
            }
        }
        if let subject = body["bound_subject"], let text = subject.text, text.contains("*") {
            found.append(
                Suspicion(
                    .otherSyntax,
                    subject.place,
                    [[Stipulation(ClaimPath("sub"), .string(text))]],
                    "'\(text)' has a *, which bound_subject takes for itself",
                    fix: "bind sub under bound_claims, with bound_claims_type: glob"
                )
            )
        }
        return found
    }
}
