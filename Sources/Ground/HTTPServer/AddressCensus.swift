internal import HTTP
internal import Locks

/// How many connections each holder of addresses has, over all loops; no more of them than there are connections.
package final class AddressCensus: Sendable {
    private let counts = Lock<[NetworkAddress: Int]>([:])

    /// Makes an empty one.
    package init() {}

    /// Counts a connection; false, and not counted, where its holder has as many as the limit.
    func enter(_ address: NetworkAddress, limit: Int) -> Bool {
        counts.withLock { counts in
            let count = counts[address.holder, default: 0]
            guard count < limit else { return false }
            counts[address.holder] = count + 1
            return true
        }
    }

    /// Takes note that a counted connection has ended.
    func leave(_ address: NetworkAddress) {
        counts.withLock { counts in
            let left = counts[address.holder, default: 1] - 1
            counts[address.holder] = left > 0 ? left : nil
        }
    }
}

extension HTTPServer {
    /// What becomes of connections.
    package enum Notice: Sendable, CaseIterable {
        case opened
        case closed
        /// A request was answered 503, since its connection came when there were too many.
        case crowded
        /// A connection that waited for its client was closed to make room.
        case crowdedOut
        /// A connection was closed, since its address has too many.
        case crowdedAddress
        /// A request, or the beginning of one, did not come in time.
        case late
        /// A request was answered 503, since requests take too much memory.
        case memory
        /// A connection was closed, since a proxy did not say whose it is.
        case mispassed
        /// A connection could not be accepted for want of descriptors.
        case descriptors
    }
}
