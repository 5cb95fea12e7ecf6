internal import Delivery
internal import HTTP
internal import Runs

/// `POST /v1/targets/NAME/credentials`: a target's credential, for a job.
extension Broker {
    /// The credential with the environment in which a tool finds it.
    func credentials(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await run(of: call)
        return try await admit(run) { () async throws(Problem) in
            let exchange = exchange(over: call.transport, call.pacing)
            let own = try call.jobClaims(in: try call.query())
            let answer = try await obtain(
                call.parameters[0],
                for: run,
                saying: own,
                trace: call.trace,
                through: exchange
            )
            return .secretJSON(200, answer.json())
        }
    }
}
