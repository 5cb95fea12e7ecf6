internal import Configuration
internal import Crypto
internal import Exchange
internal import HTTP
internal import JSON
internal import Tokens

/// `GET /v1/keys`, `POST /v1/keys/prepare` and `/v1/keys/KID/activate`, `/retire`, `/revoke`: signing keys, for administrators.
extension Broker {
    /// Every key and how far its life has come.
    func listKeys(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try await administrator(of: call)
        return .json(200, try await office().list())
    }

    /// Makes new keys; the body, where there is one, is `{"algorithms": [NAME], "rings": [NAME]}`.
    func prepareKeys(_ call: Call) async throws(Problem) -> HTTPResponse {
        let administrator = try await administrator(of: call)
        let body = call.request.body.isEmpty ? JSON.object([:]) : try call.json(depth: now.limits.jsonDepth)
        let terms = try office().terms
        let algorithms = try Self.names("algorithms", in: body, among: SignatureAlgorithm.allCases)
        let rings = try Self.names("rings", in: body, among: terms.rings)
        let change = KeyChange.prepare(algorithms ?? terms.rules.algorithms, rings ?? terms.rings)
        return try await changeKeys(change, by: administrator, call, status: 201)
    }

    /// Lets a key sign; with `when_ready=true` as soon as it may.
    func activateKey(_ call: Call) async throws(Problem) -> HTTPResponse {
        let administrator = try await administrator(of: call)
        let whenReady = try call.value("when_ready", in: try call.query()) == "true"
        return try await changeKeys(.activate(call.parameters[0], whenReady: whenReady), by: administrator, call)
    }

    /// Takes a key out of service.
    func retireKey(_ call: Call) async throws(Problem) -> HTTPResponse {
        let administrator = try await administrator(of: call)
        return try await changeKeys(.retire(call.parameters[0]), by: administrator, call)
    }

    /// Withdraws a key at once.
    func revokeKey(_ call: Call) async throws(Problem) -> HTTPResponse {
        let administrator = try await administrator(of: call)
        return try await changeKeys(.revoke(call.parameters[0]), by: administrator, call)
    }

    private func changeKeys(
        _ change: KeyChange,
        by principal: Principal,
        _ call: Call,
        status: Int = 200
    ) async throws(Problem) -> HTTPResponse {
        let pacing = call.pacing
        let answer = try await office().change(change, by: principal.name, trace: call.trace) {
            await pacing.sleep(.milliseconds(50))
        }
        return .json(status, answer)
    }

    func office() throws(Problem) -> KeyOffice {
        guard let keys else { throw Problem(.unavailable, "This broker's keys are changed on its host.") }
        return keys
    }

    private static func names<Name: RawRepresentable<String>>(
        _ member: String,
        in body: JSON,
        among known: [Name]
    ) throws(Problem) -> [Name]? {
        guard let list = body[member] else { return nil }
        let names = list.asArray?.compactMap { name in known.first { $0.rawValue == name.asString } }
        guard let names, !names.isEmpty, names.count == list.asArray?.count else {
            let known = known.map(\.rawValue).joined(separator: ", ")
            throw Problem(.invalidRequest, "'\(member)' is no list of names: wanted some of \(known).")
        }
        // Each is made once, however often it is named.
        return known.filter { name in names.contains { $0.rawValue == name.rawValue } }
    }
}
