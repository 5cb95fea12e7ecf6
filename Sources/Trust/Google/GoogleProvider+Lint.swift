internal import JSON

extension GoogleProvider {
    private var tracing: CELHorizon {
        var tracing = CELHorizon(root: "assertion")
        for mapping in mapping { tracing.mapping[mapping.name] = mapping.condition.expression }
        return tracing
    }

    /// The claims that it looks at, with the values that it names.
    package var horizon: Horizon {
        var horizon = Horizon()
        horizon.add(ClaimPath("iss"), .string(issuer.text ?? ""))
        for audience in audiences ?? [] { horizon.add(ClaimPath("aud"), .string(audience)) }
        for mapping in mapping {
            if let expression = mapping.condition.expression { tracing.add(expression, to: &horizon) }
        }
        if let expression = condition?.expression { tracing.add(expression, to: &horizon) }
        return horizon
    }

    /// What in it may admit more than was meant.
    package var suspicions: [Suspicion] {
        var found = Suspicion.common(horizon, kind: kind) + Suspicion.duplicates(root) { _ in nil }
        if let condition { found += tracing.suspicions(condition) }
        found += limits.map { node, words in Suspicion(.limit, node.place, [], words, fix: "write less") }
        if let subject = mapping.first(where: { $0.name == "google.subject" })?.condition.expression {
            let long = horizon.values.flatMap(\.values).compactMap(\.asString).first {
                $0.utf8.count > Self.subjectLimit
            }
            if let long, subject.path == ["assertion", "sub"] {
                found.append(
                    Suspicion(
                        .limit,
                        condition?.place,
                        [],
                        "google.subject has at most \(Self.subjectLimit) bytes, and '\(long)' has \(long.utf8.count)",
                        fix: "have the target's subject name fewer claims"
                    )
                )
            }
        }
        return found
    }

    private var limits: [(PolicyNode, String)] {
        var found: [(PolicyNode, String)] = []
        if let node = root["attributeCondition"], (node.text?.unicodeScalars.count ?? 0) > 4_096 {
            found.append((node, "an attributeCondition has at most 4096 characters"))
        }
        if let node = oidc["allowedAudiences"], node.texts.count > 10 {
            found.append((node, "a provider has at most 10 audiences"))
        }
        if !(issuer.text ?? "").hasPrefix("https://") {
            found.append((issuer, "the issuer of a provider is an https URL"))
        }
        if let node = root["attributeMapping"], mapping.count(where: { $0.name.hasPrefix("attribute.") }) > 50 {
            found.append((node, "a provider has at most 50 attributes of its own"))
        }
        return found
    }
}
