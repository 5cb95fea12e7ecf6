internal import JSON
internal import Locks
internal import Time

/// The tokens that the stand-in for Vault has given and that still count.
final class VaultTokens: Sendable {
    /// A token and what it was given for.
    struct Lease: Sendable {
        let token: String
        let accessor: String
        let role: String
        let subject: String
        let issued: UnixTime
        let now: UnixTime

        static let seconds: Int64 = 3600

        var expires: UnixTime { issued + .seconds(Self.seconds) }

        /// What a login answers.
        var auth: JSONObject {
            [
                "client_token": .string(token), "accessor": .string(accessor), "policies": ["default"],
                "token_policies": ["default"], "metadata": ["role": .string(role)],
                "lease_duration": .integer(Self.seconds), "renewable": false, "entity_id": "", "token_type": "service",
                "orphan": true, "mfa_requirement": .null, "num_uses": 0,
            ]
        }

        /// What the token's holder is told of it.
        var description: JSONObject {
            [
                "accessor": .string(accessor), "creation_time": .integer(issued.seconds),
                "creation_ttl": .integer(Self.seconds), "display_name": .string("jwt-\(subject)"), "entity_id": "",
                "expire_time": .string(RFC3339.format(expires)), "explicit_max_ttl": 0, "id": .string(token),
                "issue_time": .string(RFC3339.format(issued)), "meta": ["role": .string(role)], "num_uses": 0,
                "orphan": true, "path": "auth/jwt/login", "policies": ["default"], "renewable": false,
                "ttl": .integer(expires.seconds - now.seconds), "type": "service",
            ]
        }
    }

    /// The most tokens that are remembered; past it the oldest is forgotten, as if it had been revoked.
    private static let most = 10_000

    private struct Held {
        var leases: [String: (role: String, subject: String, accessor: String, issued: UnixTime)] = [:]
        /// The tokens in the order of their issue, revoked ones among them.
        var order: [String] = []
    }

    private let held = Lock(Held())
    private let clock: WallClock

    init(clock: @escaping WallClock) { self.clock = clock }

    /// Gives a new token.
    func issue(role: String, subject: String) -> Lease {
        let now = clock()
        let lease = Lease(
            token: FakeSecret.vaultToken(),
            accessor: FakeSecret.vaultToken(),
            role: role,
            subject: subject,
            issued: now,
            now: now
        )
        held.withLock { held in
            held.leases[lease.token] = (role, subject, lease.accessor, now)
            held.order.append(lease.token)
            if held.order.count > Self.most { held.leases[held.order.removeFirst()] = nil }
        }
        return lease
    }

    /// A token that counts.
    func find(_ token: String) -> Lease? {
        let now = clock()
        return held.withLock { held in
            guard let (role, subject, accessor, issued) = held.leases[token] else { return nil }
            let lease = Lease(
                token: token,
                accessor: accessor,
                role: role,
                subject: subject,
                issued: issued,
                now: now
            )
            return now < lease.expires ? lease : nil
        }
    }

    /// Ends a token.
    func revoke(_ token: String) { held.withLock { $0.leases[token] = nil } }
}
