internal import Crypto
internal import Time

/// The registry's memory: plain state without locks, clocks or storage.
struct RunTable: Sendable {
    private struct Entry: Sendable {
        let run: Run
        var ended: UnixTime?
    }

    /// A digest as a key whose comparison takes the same time wherever two digests differ.
    private struct Key: Hashable, Sendable {
        let digest: SHA256Digest

        static func == (left: Key, right: Key) -> Bool { left.digest.isEqualInConstantTime(to: right.digest) }

        func hash(into hasher: inout Hasher) { digest.hash(into: &hasher) }
    }

    private var entries: [Key: Entry] = [:]
    private var keys: [String: Key] = [:]

    mutating func insert(_ run: Run, ended: UnixTime? = nil) {
        let key = Key(digest: run.tokenDigest)
        entries[key] = Entry(run: run, ended: ended)
        keys[run.id] = key
    }

    func find(_ digest: SHA256Digest) -> (run: Run, ended: UnixTime?)? {
        entries[Key(digest: digest)].map { ($0.run, $0.ended) }
    }

    func find(_ id: String) -> (run: Run, ended: UnixTime?)? {
        keys[id].flatMap { entries[$0] }.map { ($0.run, $0.ended) }
    }

    /// Marks a run as ended and returns when it had ended before, or nil.
    mutating func end(_ id: String, at moment: UnixTime) -> UnixTime? {
        guard let key = keys[id], let entry = entries[key] else { return nil }
        guard entry.ended == nil else { return entry.ended }
        entries[key]?.ended = moment
        return nil
    }

    mutating func remove(expiredBefore moment: UnixTime) {
        for (key, entry) in entries where entry.run.expires < moment {
            entries[key] = nil
            keys[entry.run.id] = nil
        }
    }

    /// Whether as many runs are active as may be; only a table that looks full is counted.
    func isFull(_ limit: Int, at now: UnixTime) -> Bool {
        entries.count >= limit && count(activeAt: now) >= limit
    }

    func active(at now: UnixTime) -> [Run] {
        entries.values.compactMap { $0.ended == nil && now < $0.run.expires ? $0.run : nil }
    }

    func count(activeAt now: UnixTime) -> Int {
        entries.values.count { $0.ended == nil && now < $0.run.expires }
    }
}
