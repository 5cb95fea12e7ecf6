internal import Locks
internal import Time

/// Tokens that a stand-in gave and takes again, with whom it gave them to.
final class GivenTokens: Sendable {
    private struct Held {
        var holders: [String: (holder: String, expires: UnixTime)] = [:]
        var order: [String] = []
    }

    /// The most that are remembered; past it the oldest is forgotten, as if it had ended.
    private static let most = 10_000

    private let held = Lock(Held())
    private let clock: WallClock

    init(clock: @escaping WallClock) { self.clock = clock }

    /// Gives a new token.
    func give(to holder: String, prefix: String, seconds: Int64) -> String {
        let token = prefix + FakeSecret.accessToken()
        let expires = clock() + .seconds(seconds)
        held.withLock { held in
            held.holders[token] = (holder, expires)
            held.order.append(token)
            if held.order.count > Self.most { held.holders[held.order.removeFirst()] = nil }
        }
        return token
    }

    /// Whom a token that counts was given to.
    func holder(of token: String) -> String? {
        let now = clock()
        return held.withLock { held in held.holders[token].flatMap { now < $0.expires ? $0.holder : nil } }
    }
}
