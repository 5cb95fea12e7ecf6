internal import Crypto
internal import Encoding
internal import HTTP
internal import JSON
internal import Locks
internal import Time

/// What the stand-in for Vault keeps: secrets of a key-value store (version 2), leases of dynamic secrets, and wrappings.
///
/// Any token may read and write under `secret/data/`; `MOUNT/creds/NAME` makes a user, and `MOUNT/issue/NAME` a certificate that
/// says that it is none. Each of the last two has a lease, which ends with its token.
final class VaultShelf: Sendable {
    private struct Lease {
        let token: String
        let path: String
        let issued: UnixTime
        let seconds: Int64
    }

    private struct Held {
        var secrets: [String: [JSONObject]] = [:]
        var leases: [String: Lease] = [:]
        var wrappings: [String: (response: HTTPResponse, expires: UnixTime)] = [:]
    }

    /// The most of each kind that are kept.
    private static let most = 10_000
    private static let leaseSeconds: Int64 = 3_600

    private let held: Lock<Held>
    private let clock: WallClock

    init(_ secrets: [String: [String: String]], clock: @escaping WallClock) {
        self.clock = clock
        var first = Held()
        for (path, fields) in secrets {
            var object = JSONObject()
            for (name, value) in fields.sorted(by: { $0.key < $1.key }) { object[name] = .string(value) }
            first.secrets[path] = [object]
        }
        held = Lock(first)
    }

    /// The members of an answer; none where it has no body, nil where nothing is at the path.
    func answer(
        _ method: HTTPMethod,
        _ path: String,
        _ query: String,
        _ body: JSONObject,
        for token: String
    ) throws(VaultError) -> JSONObject? {
        let parts = path.split(separator: "/").map(String.init)
        if path.hasPrefix("secret/data/") {
            switch method {
            case .get: return try read(path, version: Self.version(query))
            case .post, .put: return try write(path, body)
            default: throw VaultError(405, "unsupported operation")
            }
        }
        if path.hasPrefix("secret/") { throw VaultError(404, "Invalid path for a versioned K/V secrets engine.") }
        if path.hasPrefix("sys/leases/") { return try lease(parts.last ?? "", body) }
        guard parts.count == 3, parts[0] != "sys", parts[0] != "auth" else { return nil }
        switch (parts[1], method) {
        case ("creds", .get):
            let user: JSONObject = [
                "username": .string("v-jwt-\(parts[2])-" + Hex.encode(Entropy.bytes(6))),
                "password": .string("sandbox-" + FakeSecret.accessToken()),
            ]
            return grant(user, at: path, to: token)
        case ("issue", .post), ("issue", .put): return grant(try Self.certificate(body), at: path, to: token)
        default: return nil
        }
    }

    /// A read that finds nothing has a body all the same, and this status.
    func status(of answer: JSONObject) -> Int {
        if let data = answer["data"]?.asObject, data["data"] == .null { return 404 }
        return 200
    }

    private func read(_ path: String, version: Int?) throws(VaultError) -> JSONObject {
        let versions = held.withLock { $0.secrets[path] ?? [] }
        let number = version ?? versions.count
        guard (1...max(versions.count, 1)).contains(number), number <= versions.count else {
            throw VaultError(notThere: path)
        }
        return [
            "data": [
                "data": .object(versions[number - 1]),
                "metadata": [
                    "created_time": .string(RFC3339.format(clock())), "custom_metadata": .null, "deletion_time": "",
                    "destroyed": false, "version": .integer(Int64(number)),
                ],
            ]
        ]
    }

    private func write(_ path: String, _ body: JSONObject) throws(VaultError) -> JSONObject {
        guard let data = body["data"]?.asObject else { throw VaultError(400, "no data provided") }
        let number = held.withLock { held -> Int? in
            guard held.secrets[path] != nil || held.secrets.count < Self.most else { return nil }
            held.secrets[path, default: []].append(data)
            return held.secrets[path]?.count
        }
        guard let number else { throw VaultError(507, "the sandbox is full") }
        return ["data": ["version": .integer(Int64(number)), "destroyed": false, "deletion_time": ""]]
    }

    private func grant(_ data: JSONObject, at path: String, to token: String) -> JSONObject {
        let id = "\(path)/" + FakeSecret.vaultToken().dropFirst(2)
        let lease = Lease(token: token, path: path, issued: clock(), seconds: Self.leaseSeconds)
        held.withLock { held in
            if held.leases.count < Self.most { held.leases[id] = lease }
        }
        return [
            "lease_id": .string(id), "lease_duration": .integer(Self.leaseSeconds), "renewable": true,
            "data": .object(data),
        ]
    }

    private func lease(_ operation: String, _ body: JSONObject) throws(VaultError) -> JSONObject {
        // The default policy lets a job's token look and renew, and not revoke.
        guard ["lookup", "renew"].contains(operation) else { throw VaultError(403, "permission denied") }
        let id = body["lease_id"]?.asString ?? ""
        let now = clock()
        guard let lease = held.withLock({ $0.leases[id] }), now < lease.issued + .seconds(lease.seconds) else {
            throw VaultError(400, "invalid lease")
        }
        let end = lease.issued + .seconds(lease.seconds)
        if operation == "renew" {
            return ["lease_id": .string(id), "lease_duration": .integer(lease.seconds), "renewable": true]
        }
        return [
            "data": [
                "id": .string(id), "issue_time": .string(RFC3339.format(lease.issued)),
                "expire_time": .string(RFC3339.format(end)), "renewable": true,
                "ttl": .integer(end.seconds - now.seconds),
            ]
        ]
    }

    /// Ends all that a token leased.
    func revoke(token: String) {
        held.withLock { held in held.leases = held.leases.filter { $0.value.token != token } }
    }

    /// Puts an answer behind a token that opens it once.
    func wrap(_ response: HTTPResponse, seconds: Int64) -> String {
        let token = FakeSecret.vaultToken()
        let expires = clock() + .seconds(seconds)
        held.withLock { held in
            if held.wrappings.count < Self.most { held.wrappings[token] = (response, expires) }
        }
        return token
    }

    /// Takes an answer out from behind its token, which is nothing from then on.
    func unwrap(_ token: String) -> HTTPResponse? {
        let now = clock()
        return held.withLock { held in
            guard let wrapping = held.wrappings.removeValue(forKey: token), now < wrapping.expires else { return nil }
            return wrapping.response
        }
    }

    private static func version(_ query: String) -> Int? {
        (try? Form(parsing: query).value("version")).flatMap { $0 }.flatMap { Int($0) }
    }

    private static func certificate(_ body: JSONObject) throws(VaultError) -> JSONObject {
        guard let name = body["common_name"]?.asString, !name.isEmpty else {
            throw VaultError(
                400,
                "the common_name field is required, or must be provided in a CSR with use_csr_common_name set to true"
            )
        }
        func pem(_ kind: String) -> JSON {
            .string(
                "-----BEGIN \(kind)-----\n\(Base64.encode(Array("the sandbox's for \(name)".utf8)))\n-----END \(kind)-----"
            )
        }
        return [
            "certificate": pem("CERTIFICATE"), "issuing_ca": pem("CERTIFICATE"), "ca_chain": [pem("CERTIFICATE")],
            "private_key": pem("PRIVATE KEY"), "private_key_type": "ec",
            "serial_number": .string(Hex.encode(Entropy.bytes(20))),
        ]
    }
}
