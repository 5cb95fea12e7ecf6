package import Configuration
internal import Locks

/// Token buckets, one for each of many keys, in bounded memory.
///
/// A bucket that is full again is no different from none, and so is the only kind that is forgotten: nobody gets a new one by
/// crowding the table. While it has no room, keys that it does not know share the buckets of a crowd, by a hash that nobody
/// outside can tell.
///
/// A bucket is one number (the generic cell rate algorithm): the moment at which it will be full.
package final class Buckets<Key: Hashable & Sendable>: Sendable {
    private struct Table {
        var full: [Key: Int64] = [:]
        var crowd: [Int64]
        var swept = Int64.min
        /// The latest moment that anybody came with.
        var latest = Int64.min
    }

    private let capacity: Int
    private let table: Lock<Table>

    /// Makes buckets of which as many are kept as the capacity says.
    package init(capacity: Int) {
        self.capacity = capacity
        table = Lock(Table(crowd: Array(repeating: .min, count: max(1, min(1_024, capacity / 8)))))
    }

    /// How many are kept now.
    package var count: Int { table.withLock { $0.full.count } }

    /// Takes one token of a key's bucket; nil where there was one, else how long until there is.
    ///
    /// `now` is time since some fixed moment, by a clock that nobody sets.
    package func take(_ key: Key, _ rate: Rate, at now: Duration) -> Duration? {
        let asked = now.nanoseconds
        let interval = 1_000_000_000 / Int64(rate.perSecond)
        let depth = interval * Int64(rate.burst)
        return table.withLock { table in
            // Who looked at the clock first may come second, and would find a bucket that is emptier than it can be.
            let now = max(asked, table.latest)
            table.latest = now
            let known = table.full[key]
            let isCrowd = known == nil && !hasRoom(&table, at: now)
            let place = isCrowd ? Int(UInt(bitPattern: key.hashValue) % UInt(table.crowd.count)) : 0
            // A bucket is never fuller than full, and one that a smaller burst finds too empty starts at that.
            let filled = min(max(isCrowd ? table.crowd[place] : known ?? now, now), now + depth)
            let next = filled + interval
            guard next - now <= depth else {
                if let known, known > filled { table.full[key] = filled }
                return .nanoseconds(next - now - depth)
            }
            if isCrowd { table.crowd[place] = next } else { table.full[key] = next }
            return nil
        }
    }

    /// Whether one more can be kept; looks for what can be forgotten once a second at most.
    private func hasRoom(_ table: inout Table, at now: Int64) -> Bool {
        if table.full.count < capacity { return true }
        guard now - 1_000_000_000 >= table.swept else { return false }
        table.swept = now
        table.full = table.full.filter { $0.value > now }
        return table.full.count < capacity
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
