internal import Locks
package import Tokens

/// Issuers' keys in memory, where another change can be made to look as if it were under way.
package final class MemoryKeys: KeyStorage {
    private struct State {
        var rings: [IssuerRing: [IssuerKey]] = [:]
        var isBusy = false
        var fails = false
        var saves = 0
    }

    private let state = Lock(State())

    /// Makes a storage of some rings.
    package init(_ rings: [IssuerRing: [IssuerKey]]) { state.withLock { $0.rings = rings } }

    /// Whether somebody else is changing keys.
    package var isBusy: Bool {
        get { state.withLock { $0.isBusy } }
        set { state.withLock { $0.isBusy = newValue } }
    }

    /// Whether saving fails.
    package var fails: Bool {
        get { state.withLock { $0.fails } }
        set { state.withLock { $0.fails = newValue } }
    }

    /// How often keys were saved.
    package var saves: Int { state.withLock { $0.saves } }

    /// A ring's keys, as they are kept.
    package subscript(ring: IssuerRing) -> [IssuerKey] { state.withLock { $0.rings[ring] ?? [] } }

    package func lock() throws(TokenError) -> (any Sendable)? { isBusy ? nil : "the lock" }

    package func load(_ ring: IssuerRing) throws(TokenError) -> [IssuerKey] { self[ring] }

    package func save(
        _ keys: [IssuerKey],
        removing removed: [IssuerKey],
        in ring: IssuerRing
    ) throws(TokenError) {
        guard !fails else { throw TokenError(.keyRing, "keys", seen: "the test's failure", wanted: "none") }
        state.withLock { state in
            state.rings[ring] = keys
            state.saves += 1
        }
    }
}
