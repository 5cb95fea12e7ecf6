package import Crypto
internal import Locks
package import Time

/// The tokens that were used where each counts once, until they have expired.
///
/// They are remembered by this process: a restart forgets them, as the entries of `federation` that ask for it are told.
package final class SpentTokens: Sendable {
    /// The most that are remembered; beyond it nothing is taken rather than something twice.
    private let capacity: Int
    private let expiries = Lock<[SHA256Digest: UnixTime]>([:])

    /// Makes an empty memory.
    package init(capacity: Int = 200_000) { self.capacity = capacity }

    /// Uses a token up; false where it was used before, or where there is no room to remember it.
    package func spend(_ token: SHA256Digest, until expiry: UnixTime, now: UnixTime) -> Bool {
        expiries.withLock { expiries in
            if expiries.count >= capacity { expiries = expiries.filter { $0.value > now } }
            guard expiries[token] == nil, expiries.count < capacity else { return false }
            expiries[token] = expiry
            return true
        }
    }
}
