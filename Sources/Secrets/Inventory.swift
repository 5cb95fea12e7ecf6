package import Ledger
package import Time

/// A secret that is still kept elsewhere: its name and dates, and no value.
package struct InventoryItem: Equatable, Sendable {
    /// The most items of one source.
    package static let limit = 20_000

    /// Whose listing had it: `circleci`, `github`, `gitlab`.
    package let source: String
    /// The context, project or repository there.
    package let place: String
    package let name: String
    package let created: UnixTime?
    package let updated: UnixTime?
    /// When it was last seen in a listing.
    package let listed: UnixTime

    /// Makes an item of texts of at most 256 bytes without control characters.
    ///
    /// - Throws: `SecretsError` with code `value`.
    package init(
        source: String,
        place: String,
        name: String,
        created: UnixTime?,
        updated: UnixTime?,
        listed: UnixTime
    ) throws(SecretsError) {
        for text in [source, place, name] {
            let isPlain = text.unicodeScalars.allSatisfy {
                ![.control, .format].contains($0.properties.generalCategory)
            }
            guard (1...256).contains(text.utf8.count), isPlain else {
                throw SecretsError(
                    .value,
                    "a name or place in a listing is empty, longer than 256 bytes or no plain text"
                )
            }
        }
        self.source = source
        self.place = place
        self.name = name
        self.created = created
        self.updated = updated
        self.listed = listed
    }

    /// Whether another is of the same secret.
    package func isSame(as other: InventoryItem) -> Bool {
        source == other.source && place == other.place && name == other.name
    }

    fileprivate var key: [String] { [source, place, name] }
}

/// What a listing would change in the inventory.
package struct InventoryPlan: Equatable, Sendable {
    package let source: String
    package let added: Int
    /// Known ones that are still there.
    package let known: Int
    /// Known ones of the source that the listing does not have.
    package let missing: Int
    /// Of these, how many go: all where it replaces, else none.
    package let removed: Int
}

extension SecretVault {
    /// What is known to be kept elsewhere.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    package func inventory() async throws(SecretsError) -> [InventoryItem] {
        try await blocking { storage throws(SecretsError) in try storage.inventory() }
    }

    /// What a listing of one source would change.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    package func plan(
        listing items: [InventoryItem],
        of source: String,
        replacing: Bool
    ) async throws(SecretsError) -> InventoryPlan {
        let known = Set(try await inventory().filter { $0.source == source }.map(\.key))
        let listed = Set(items.map(\.key))
        let missing = known.subtracting(listed).count
        return InventoryPlan(
            source: source,
            added: listed.subtracting(known).count,
            known: known.intersection(listed).count,
            missing: missing,
            removed: replacing ? missing : 0
        )
    }

    /// Prepares a listing, to come about once its entry of kind `secret.changed` is durable.
    ///
    /// - Throws: `SecretsError` with code `value` where there are too many items.
    package func prepareListing(
        _ items: [InventoryItem],
        of source: String,
        replacing: Bool,
        recordedAs entry: Entry
    ) throws(SecretsError) -> Sealed<SecretChange> {
        precondition(entry.kind == .secretChanged, "a change of the inventory is recorded as \(entry.kind)")
        guard items.count <= InventoryItem.limit, items.allSatisfy({ $0.source == source }) else {
            throw SecretsError(
                .value,
                "a listing has at most \(InventoryItem.limit) names, and this one \(items.count)"
            )
        }
        var entry = entry
        entry.reason = "inventory of what \(source) keeps: \(items.count) names\(replacing ? ", and no others" : "")"
        return Sealed(SecretChange(.list(items, source: source, replacing: replacing)), recordedAs: entry)
    }
}
