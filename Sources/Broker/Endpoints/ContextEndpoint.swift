internal import Delivery
internal import HTTP
internal import Runs

/// `GET /v1/contexts/NAME`: the static secrets of a context, for a job.
extension Broker {
    /// The values by name.
    func context(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try run(of: call)
        return try await admission.admit(run.id, limit: now.requestsPerRun) { () async throws(Problem) in
            let values = try await read(context: call.parameters[0], for: run, trace: call.trace)
            return .secretJSON(200, ContextAnswer(values).json())
        }
    }
}
