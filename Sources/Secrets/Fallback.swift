package import Time

/// The settings of a target's fallback: the context that stands in, until when, and why it still must.
package struct Fallback: Equatable, Sendable {
    /// The context whose secrets are handed out instead; the run must be allowed it by the context's own rules.
    package let context: ContextName
    /// The last day of use, as the configuration writes it (`2027-01-31`).
    package let until: String
    /// The first moment at which it is over: the end of that day in UTC, wherever broker and cloud stand.
    package let end: UnixTime
    /// Why the static secret is still needed, for the auditor; 1 to 256 bytes of one line.
    package let reason: String
    /// How often it may be used; nil for as often as there is an outage.
    package let budget: FallbackBudget?

    /// Takes the settings; of the first three none has a default, because a fallback that nobody has to renew is never removed.
    ///
    /// - Throws: `SecretsError` with code `setting` and the key that cannot work.
    package init(
        context: String,
        until: String,
        reason: String,
        budget: String? = nil
    ) throws(SecretsError) {
        guard let name = ContextName(context) else {
            throw SecretsError(
                .setting("context"),
                "saw '\(context)', wanted the name of a context: \(ContextName.wanted)"
            )
        }
        do throws(TimeError) {
            end = try RFC3339.parseDate(until) + .seconds(86_400)
        } catch {
            throw SecretsError(.setting("until"), error.description)
        }
        let isOneLine = reason.unicodeScalars.allSatisfy { scalar in
            ![.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
        }
        guard (1...256).contains(reason.utf8.count), isOneLine else {
            throw SecretsError(.setting("reason"), "wanted one line of 1 to 256 bytes that says why it is still needed")
        }
        self.context = name
        self.until = until
        self.reason = reason
        self.budget = try budget.map { text throws(SecretsError) in try FallbackBudget(text) }
    }
}
