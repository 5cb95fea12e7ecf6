internal import Exchange
internal import Secrets
internal import Text
internal import Time

/// A fallback as it is written, with the place of its last day.
struct FallbackEntry {
    let rule: Fallback
    let place: ConfigurationPlace
}

/// `targets.NAME.fallback`.
extension Section {
    func fallback(of type: TargetType, contexts: [ContextEntry]) -> FallbackEntry? {
        guard let section = section("fallback", Keys(["context", "until", "reason", "budget"])) else { return nil }
        if type == .none {
            refuse("fallback", "a target of type none asks no cloud that could be out", fix: "remove it")
        }
        let context = section.context(among: contexts.map(\.settings.name.text))
        let until = section.lastDay()
        let reason = section.text(required: "reason", example: "role not migrated yet")
        let budget = section.text("budget")
        guard let context, let until, let reason else { return nil }
        do throws(SecretsError) {
            let rule = try Fallback(
                context: context,
                until: until.value,
                reason: reason.value,
                budget: budget?.value
            )
            return FallbackEntry(rule: rule, place: place(of: until))
        } catch {
            guard case .setting(let key) = error.code else { return nil }
            section.refuse(key, "the value cannot be used", fix: error.detail)
            return nil
        }
    }

    private func context(among known: [String]) -> String? {
        guard let text = text(required: "context", example: known.first ?? "legacy") else { return nil }
        guard known.contains(text.value) else {
            let meant = NearMiss.name(nearestTo: text.value, among: known)
            refuse(
                "context",
                "there is no context '\(text.value)'",
                fix: meant.map { "did you mean '\($0)'?" } ?? "add it under contexts, with who is allowed"
            )
            return nil
        }
        return text.value
    }

    private func lastDay() -> Located<String>? {
        guard let text = text(required: "until", example: "2027-01-31") else { return nil }
        guard (try? RFC3339.parseDate(text.value)) != nil else {
            refuse("until", "'\(text.value)' is no date", fix: "write the last day of use, such as 2027-01-31")
            return nil
        }
        return text
    }
}
