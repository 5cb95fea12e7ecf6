internal import JSON

extension AzureCredentials {
    /// The claims that it looks at, with the values that it names.
    package var horizon: Horizon {
        var horizon = Horizon()
        for credential in credentials {
            horizon.add(ClaimPath("iss"), credential.issuer.text.map { .string($0) })
            for audience in credential.audiences.texts { horizon.add(ClaimPath("aud"), .string(audience)) }
            horizon.add(
                ClaimPath("sub"),
                credential.expression == nil ? credential.subject?.text.map { .string($0) } : nil
            )
            for term in credential.expression?.text.flatMap({ AzureExpression($0).terms }) ?? [] {
                horizon.add(
                    ClaimPath(term.claim),
                    .string(term.test == "eq" ? term.value : Glob(term.value, hasOne: true).sample("x"))
                )
            }
        }
        return horizon
    }

    /// What in it may admit more than was meant.
    package var suspicions: [Suspicion] {
        var found =
            Suspicion.common(horizon, kind: kind)
            + Suspicion.duplicates(root) { $0 == "subject" ? ClaimPath("sub") : nil }
        for credential in credentials {
            if let subject = credential.subject, let text = subject.text, credential.expression == nil {
                found += Suspicion.ofPattern(text, ClaimPath("sub"), subject.place, "a subject")
                if text.contains("*") {
                    found.append(
                        Suspicion(
                            .otherSyntax,
                            subject.place,
                            [[Stipulation(ClaimPath("sub"), .string(text))]],
                            "'\(text)' has a *, which a subject takes for itself",
                            fix: "write the whole sub, one credential for each"
                        )
                    )
                }
                if text.unicodeScalars.count > 600 {
                    found.append(
                        Suspicion(
                            .limit,
                            subject.place,
                            [],
                            "a subject has at most 600 characters",
                            fix: "have sub name fewer claims"
                        )
                    )
                }
            }
            found += expressionSuspicions(credential)
            if credential.audiences.texts.count != 1 {
                found.append(
                    Suspicion(
                        .limit,
                        credential.audiences.place,
                        [],
                        "a credential has exactly one audience",
                        fix: "write one"
                    )
                )
            }
        }
        if credentials.count > 20 {
            found.append(
                Suspicion(
                    .limit,
                    root.place,
                    [],
                    "an application has at most 20 credentials",
                    fix: "give sub fewer values: one for each project and environment"
                )
            )
        }
        return found
    }

    private func expressionSuspicions(_ credential: AzureCredential) -> [Suspicion] {
        var found: [Suspicion] = []
        for term in credential.expression?.text.flatMap({ AzureExpression($0).terms }) ?? []
        where term.test == "matches" {
            found += Suspicion.ofGlob(
                Glob(term.value, hasOne: true),
                term.value,
                ClaimPath(term.claim),
                credential.expression?.place
            )
            found += Suspicion.ofPattern(term.value, ClaimPath(term.claim), credential.expression?.place, "matches")
        }
        return found
    }
}
