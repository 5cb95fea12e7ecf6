internal import Encoding

/// How far a rewrap has come.
package struct RewrapProgress: Equatable, Sendable {
    /// Versions looked at.
    package var seen = 0
    /// Versions that were sealed with another key and are now under the one that seals.
    package var rewrapped = 0
    /// Versions that somebody changed in the same moment; another pass finds them.
    package var missed = 0

    /// Makes the progress of a rewrap that has come so far.
    package init(seen: Int = 0, rewrapped: Int = 0, missed: Int = 0) {
        self.seen = seen
        self.rewrapped = rewrapped
        self.missed = missed
    }
}

extension SecretVault {
    /// How many versions go into one transaction.
    static let batch = 100

    /// Brings every version under the key that seals now, batch by batch; jobs read on meanwhile.
    ///
    /// Each version says itself which key it is under, so a pass that was broken off is simply begun again. `report` is told after
    /// each batch.
    ///
    /// - Throws: `SecretsError`: `damaged` for a version that no key at hand opens, which is left as it is; `storage`.
    package func rewrap(
        _ report: @Sendable (RewrapProgress) -> Void = { _ in }
    ) async throws(SecretsError) -> RewrapProgress {
        let ring = try await freshKeys()
        let store = try await blocking { storage throws(SecretsError) in try storage.identity() }
        var progress = RewrapProgress()
        var last: SecretAddress?
        while true {
            let behind = last
            let rows = try await blocking { storage throws(SecretsError) in
                try storage.sealed(behind: behind, count: Self.batch)
            }
            guard let end = rows.last else { return progress }
            var changes: [(old: StoredSecret, new: [UInt8])] = []
            for row in rows {
                if let new = try Self.rewrapped(row, in: store, by: ring) { changes.append((row, new)) }
            }
            let batch = changes
            let replaced =
                batch.isEmpty
                ? 0
                : try await blocking { storage throws(SecretsError) in try storage.replace(batch) }
            progress.seen += rows.count
            progress.rewrapped += replaced
            progress.missed += changes.count - replaced
            report(progress)
            last = end.address
        }
    }

    /// The public names of the keys under which something is sealed, with how many versions.
    ///
    /// - Throws: `SecretsError`: `damaged`, `storage`.
    package func keysInUse() async throws(SecretsError) -> [String: Int] {
        var counts: [String: Int] = [:]
        var last: SecretAddress?
        while true {
            let behind = last
            let rows = try await blocking { storage throws(SecretsError) in
                try storage.sealed(behind: behind, count: Self.batch)
            }
            guard let end = rows.last else { return counts }
            for row in rows {
                let place = SecretPlace(store: [], context: row.context, name: row.name, version: row.version)
                let sealed = try SealedSecret(record: row.sealed, at: place)
                counts[Hex.encode(sealed.keyName), default: 0] += 1
            }
            last = end.address
        }
    }

    /// The public names of keys under which something is sealed and which are not at hand, with how many versions nobody
    /// can open therefore.
    ///
    /// - Throws: `SecretsError`: `masterKey`, `damaged`, `storage`.
    package func missingKeys() async throws(SecretsError) -> [String: Int] {
        let known = try await freshKeys().names
        return try await keysInUse().filter { !known.contains($0.key) }
    }

    /// A row's new bytes; nil where it is as it should be.
    private static func rewrapped(
        _ row: StoredSecret,
        in store: [UInt8],
        by ring: MasterKeyRing
    ) throws(SecretsError) -> [UInt8]? {
        let place = SecretPlace(store: store, context: row.context, name: row.name, version: row.version)
        let sealed = try SealedSecret(record: row.sealed, at: place)
        if sealed.keyName == ring.sealingName, case .wrapped = sealed.content { return nil }
        return try ring.opening(sealed.keyName) { old throws(SecretsError) in
            try ring.sealing { new throws(SecretsError) in
                try old.rewrap(sealed, at: place, under: new).record
            }
        }
    }
}
