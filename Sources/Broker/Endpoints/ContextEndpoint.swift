internal import Delivery
internal import Encoding
internal import HTTP
internal import Runs
internal import Secrets

/// `GET /v1/contexts/NAME`: the static secrets of a context, for a job; with `name` one of them, in a `version` that may be
/// read.
extension Broker {
    /// The values by name.
    func context(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await run(of: call)
        let wish = try wish(of: call)
        return try await admit(run) { () async throws(Problem) in
            let values = try await read(
                context: call.parameters[0],
                wish,
                for: run,
                trace: call.trace,
                through: exchange(over: call.transport, call.pacing)
            )
            return .secretJSON(200, ContextAnswer(values).json())
        }
    }

    private func wish(of call: Call) throws(Problem) -> SecretWish {
        let version = try version(of: call)
        guard let text = try call.value("name", in: try call.query()) else {
            guard version == nil else {
                throw Problem(.invalidRequest, "A 'version' belongs to one secret: give its 'name' too.")
            }
            return .all
        }
        guard let name = EnvironmentName(text) else {
            throw Problem(.invalidRequest, "'\(text.prefix(64))' cannot be the name of a secret.")
        }
        return .one(name, version: version)
    }
}
