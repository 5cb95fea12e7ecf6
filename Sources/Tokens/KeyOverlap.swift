internal import JSON

/// What may take a published key set's place, so that nobody who reads it meanwhile is without the key that they need.
package enum KeyOverlap {
    /// Which keys of before were withdrawn.
    package enum Withdrawn: Equatable, Sendable {
        /// All of these, by their kids, and no others.
        case known(Set<String>)
        /// Whoever publishes was not told.
        case unknown
    }

    /// The set to publish over another: the new one, or both together where the two share no key.
    ///
    /// A set whose keys are all strangers to those of before would leave tokens that are about without theirs, and relying parties
    /// with an old copy without the new ones; so both stand first, and the next publication takes the old ones away. Keys that are
    /// known to be withdrawn are never kept, nor is any where that is unknown, or where nothing is published any more: it may have
    /// been stolen.
    package static func set(replacing old: [UInt8], with new: [UInt8], withdrawn: Withdrawn) -> [UInt8] {
        guard case .known(let withdrawn) = withdrawn, let current = try? JWKSet(parsing: old),
            let next = try? JWKSet(parsing: new), !next.keys.isEmpty
        else { return new }
        let kids = Set(next.keys.compactMap(\.kid))
        guard !current.keys.contains(where: { $0.kid.map(kids.contains) ?? false }) else { return new }
        let kept = current.keys.filter { jwk in jwk.kid.map { !withdrawn.contains($0) } ?? false }
        return kept.isEmpty ? new : JWKSet(next.keys + kept).json.serialized()
    }
}
