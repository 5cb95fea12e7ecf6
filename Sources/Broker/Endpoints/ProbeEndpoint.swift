internal import Configuration
internal import HTTP
package import JSON
internal import Policy

/// `POST /v1/targets/NAME/probe`: sends a target tokens that it must refuse; for administrators.
extension Broker {
    /// The probes with their verdicts.
    func probe(_ call: Call) async throws(Problem) -> HTTPResponse {
        let principal = try await administrator(of: call)
        return try await admission.admit("probe:\(principal.name)", limit: 1, .principalRequests, metrics) {
            () async throws(Problem) in
            let name = call.parameters[0]
            let findings = try await probe(name, trace: call.trace, over: call.transport, pacing: call.pacing)
            return .json(200, Self.json(of: findings, target: name, trace: call.trace))
        }
    }

    /// Findings under the names that scripts read.
    package static func json(of findings: [ProbeFinding], target: String, trace: String) -> JSON {
        ["target": .string(target), "trace": .string(trace), "probes": .array(findings.map(\.json))]
    }
}

extension Broker.ProbeFinding {
    fileprivate var json: JSON {
        var members: JSONObject = ["probe": .string(fault.rawValue)]
        members["ledger_index"] = ledgerIndex.map { .integer(Int64(clamping: $0)) }
        switch verdict {
        case .refused(let words):
            members["verdict"] = "refused"
            members["cause"] = .string(words)
        case .unknown(let words):
            members["verdict"] = "unknown"
            members["cause"] = .string(words)
        case .unsuited(let words):
            members["verdict"] = "left_out"
            members["reason"] = .string(words)
        case .accepted(let condition, let fix):
            members["verdict"] = "accepted"
            members["condition"] = .string(condition)
            members["fix"] = .string(fix)
        }
        return .object(members)
    }
}
