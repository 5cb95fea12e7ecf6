internal import Configuration
internal import HTTP
internal import JSON
internal import Ledger
internal import Runs
internal import Secrets

/// `POST /v1/unmasked`: a job is about to run a command whose output may show what the broker gives it.
///
/// The body is `{"targets": [NAME], "contexts": [NAME]}`. It grants nothing and refuses nothing; an auditor who finds a secret in
/// a log learns here who took the mask off.
extension Broker {
    /// The most names of one call.
    private static let mostNames = 64

    /// Records each target and context; the job asks for them only after that.
    func unmasked(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await run(of: call)
        return try await admit(run) { () async throws(Problem) in
            let body = try call.json(depth: now.limits.jsonDepth)
            let targets = try Self.names("targets", in: body)
            let contexts = try Self.names("contexts", in: body)
            guard (1...Self.mostNames).contains(targets.count + contexts.count) else {
                throw Problem(.invalidRequest, "The body names no target and no context, or over \(Self.mostNames).")
            }
            for target in targets {
                var entry = Entry(.outputUnmasked, .succeeded, of: run, trace: call.trace)
                entry.target = target
                entry.reason = Self.reason
                try await record(entry)
            }
            for context in contexts {
                var entry = Entry(.outputUnmasked, .succeeded, of: run, trace: call.trace)
                entry.context = context
                entry.reason = Self.reason
                try await record(entry)
            }
            return HTTPResponse(status: 204)
        }
    }

    private static let reason = "the job asked for --no-mask: its output may show what it is given"

    private static func names(_ member: String, in body: JSON) throws(Problem) -> [String] {
        guard let list = body[member] else { return [] }
        let names = list.asArray?.compactMap { $0.asString.flatMap { ContextName($0)?.text } }
        guard let names, names.count == list.asArray?.count else {
            throw Problem(.invalidRequest, "'\(member)' is no list of names: \(ContextName.wanted).")
        }
        return names
    }
}
