internal import Claims
internal import Exchange
internal import Policy
internal import Secrets
internal import Text
internal import Time
internal import YAML

/// A target as it is written.
struct TargetEntry {
    let target: Target
    let rule: TokenRule
    let fallback: FallbackEntry?

    /// Whether tokens go to the cloud of the target's type, and not to another service that stands in for it.
    var asksCloudItself: Bool { target.isPublicCloud }
}

/// `targets`: what all types share.
extension Section {
    private static let commonKeys = [
        "type", "allow", "audience", "algorithm", "subject", "lifetime", "fallback", "exchange", "ca", "timeout",
        "try_timeout", "connect_timeout", "probe", "probe_every",
    ]

    func targets(_ shapes: TokenShapes, contexts: [ContextEntry], files: inout FileSettings) -> [TargetEntry] {
        var targets: [TargetEntry] = []
        for entry in named("targets") {
            let key = name("targets.\(entry.key)")
            if !entry.key.isPlainName {
                problems.error(
                    at: entry.keyMark,
                    key,
                    "'\(entry.key)' is no name of a target",
                    fix: "write \(String.plainNameRule)"
                )
            }
            guard let type = targetType(entry, key: key) else { continue }
            let keys = Keys(Self.commonKeys + type.ownKeys, later: type.laterKeys)
            guard let section = Section(entry.value, at: key, keys: keys, problems: problems) else { continue }
            let target = section.target(
                TargetHead(name: entry.key, type: type),
                shapes: shapes,
                contexts: contexts,
                files: &files
            )
            if let target { targets.append(target) }
        }
        return targets
    }

    /// The type of a target, read before its keys, because it decides which there may be.
    private func targetType(_ entry: YAMLEntry, key: String) -> TargetType? {
        guard case .mapping(let entries) = entry.value.value else {
            problems.error(
                at: entry.value.mark,
                key,
                "saw \(entry.value.kind), wanted a mapping",
                fix: "write 'type: …' below"
            )
            return nil
        }
        guard let type = entries.first(where: { $0.key == "type" }) else {
            problems.error(at: entry.keyMark, "\(key).type", "the key is missing", fix: "add 'type: aws'")
            return nil
        }
        guard let text = text(of: type.value, under: "targets.\(entry.key).type") else { return nil }
        return choice(text, of: TargetType.self, noun: "target type")
    }

    private struct TargetHead {
        let name: String
        let type: TargetType
    }

    private func target(
        _ head: TargetHead,
        shapes: TokenShapes,
        contexts: [ContextEntry],
        files: inout FileSettings
    ) -> TargetEntry? {
        let trader = choice("exchange", of: Target.Trader.self) ?? .broker
        let service = service(head.type, shapes.reader, files: &files)
        let audience = targetAudience(head.type, service, shapes)
        let rule = shapes.rule(self, audience: audience, party: .init(head.type, service))
        let fallback = fallback(of: head.type, contexts: contexts)
        let authorities = authorities(of: trader, files: &files)
        let limits = tradeLimits()
        let probed = probed()
        guard let service, var rule, let limits, head.name.isPlainName else { return nil }
        return reported {
            () throws(TargetError) in
            let target = try Target(
                name: head.name,
                service: service,
                certificateAuthorities: authorities,
                limits: limits,
                trader: trader,
                probed: probed
            )
            rule.added = target.addedClaims
            return TargetEntry(target: target, rule: rule, fallback: fallback)
        }
    }

    /// The file of `ca`; a job that trades itself has it on its own host, where nothing can be checked from here.
    private func authorities(of trader: Target.Trader, files: inout FileSettings) -> String? {
        text("ca").map { text in
            trader == .job ? text.value : files.add(.readable, path(text.value), place: place(of: text))
        }
    }

    /// How often the target is tried with tokens that it must refuse; nil for never.
    private func probed() -> Duration? {
        let every = duration("probe_every", .seconds(600)...(.seconds(30 * 86_400)))
        guard flag("probe") == true else {
            if let every {
                refuse(
                    "probe_every",
                    "\(every.text), and no 'probe: true'",
                    fix: "write 'probe: true' beside it, or remove it"
                )
            }
            return nil
        }
        return every ?? .seconds(86_400)
    }

    private func tradeLimits() -> TradeLimits? {
        let total = duration("timeout", .seconds(1)...(.seconds(300)))
        let attempt = duration("try_timeout", .seconds(1)...(.seconds(60)))
        let connection = duration("connect_timeout", .seconds(1)...(.seconds(30)))
        return reported { () throws(TargetError) in
            try TradeLimits(connection: connection, attempt: attempt, total: total)
        }
    }

    private func targetAudience(_ type: TargetType, _ service: Target.Service?, _ shapes: TokenShapes) -> String? {
        if has("audience") {
            guard let audience = shapes.audience(self) else { return nil }
            guard audience.utf8.count > type.audienceLimit else { return audience }
            refuse(
                "audience",
                "\(audience.utf8.count) bytes, and a target of type \(type.rawValue) takes \(type.audienceLimit)",
                fix: "write a shorter one, on both sides"
            )
            return nil
        }
        if let standard = service?.defaultAudience { return standard }
        // A target whose own settings are wrong may well have one, once they are mended.
        if service != nil || !type.hasDefaultAudience {
            let example = type == .vault ? "https://vault.example.com" : "https://service.example.com"
            requireKey("audience", example: example)
        }
        return nil
    }

    /// What a step that checks a target's settings makes, or a report at the key that it names.
    func reported<Value>(_ step: () throws(TargetError) -> Value) -> Value? {
        do throws(TargetError) {
            return try step()
        } catch {
            refuse(error.key, "'\(error.seen)' cannot work", fix: "write \(error.wanted)")
            return nil
        }
    }
}
