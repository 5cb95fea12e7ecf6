internal import Configuration
internal import Delivery
internal import HTTP
internal import JSON
internal import Runs

/// `POST /v1/targets/NAME/token` and `/v1/targets/NAME/outcome`: for a job that trades at a target itself.
extension Broker {
    /// The target's ID token, with all that is needed to trade it.
    func targetToken(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await run(of: call)
        return try await admit(run) { () async throws(Problem) in
            let own = try call.jobClaims(in: try call.query())
            let answer = try await hand(call.parameters[0], to: run, saying: own, trace: call.trace)
            return .secretJSON(200, answer.json())
        }
    }

    /// Takes note of what became of the token; after an outage the answer may be the fallback.
    func targetOutcome(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await run(of: call)
        let report: OutcomeReport
        let body = try call.json(depth: now.limits.jsonDepth)
        do throws(DeliveryError) { report = try OutcomeReport(body) } catch {
            throw Problem(.invalidRequest, "\(error).")
        }
        return try await admit(run) { () async throws(Problem) in
            let name = call.parameters[0]
            switch try await note(report, on: name, by: run, trace: call.trace) {
            case .recorded(let index):
                return .json(200, ["target": .string(name), "ledger_index": .integer(Int64(clamping: index))])
            case .fallback(let answer): return .secretJSON(200, answer.json())
            }
        }
    }
}
