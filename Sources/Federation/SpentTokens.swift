package import Crypto
internal import Locks
package import Time

/// The tokens that were used where each counts once, until they have expired.
///
/// They are remembered by this process: a restart forgets them, as the entries of `federation` that ask for it are told.
package final class SpentTokens: Sendable {
    /// The most that are remembered; beyond it nothing is taken rather than something twice.
    private let capacity: Int
    private struct Memory {
        var expiries: [SHA256Digest: UnixTime] = [:]
        /// When expired ones were last forgotten: a memory that is full is not looked through for every caller.
        var purged: UnixTime?
    }

    private let memory = Lock(Memory())

    /// Makes an empty memory.
    package init(capacity: Int = 200_000) { self.capacity = capacity }

    /// Uses a token up; false where it was used before, or where there is no room to remember it.
    package func spend(_ token: SHA256Digest, until expiry: UnixTime, now: UnixTime) -> Bool {
        memory.withLock { memory in
            if memory.expiries.count >= capacity, memory.purged.map({ now - $0 >= .seconds(1) }) ?? true {
                memory.expiries = memory.expiries.filter { $0.value > now }
                memory.purged = now
            }
            guard memory.expiries[token] == nil, memory.expiries.count < capacity else { return false }
            memory.expiries[token] = expiry
            return true
        }
    }
}
