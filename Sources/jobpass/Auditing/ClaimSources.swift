internal import Encoding
internal import HTTP
internal import JSON
internal import Ledger
internal import Runs

/// Who answers for the claims in an entry of a run: what the entry of the run's beginning says of them, proved.
struct ClaimSources: Sendable {
    private let principal: String
    private let origin: UpstreamOrigin?

    /// Finds the beginning of an entry's run; nil where the entry is of no run, or that beginning is in the ledger no more.
    init?(
        of entry: JSON?,
        _ known: VerifierKey?,
        by broker: borrowing BrokerClient
    ) async throws(CommandError) {
        guard let run = entry?["run"]?.asString else { return nil }
        for kind in ["run.registered", "federation.accepted"] {
            let form = Form([.init("kind", kind), .init("run", run), .init("limit", "1")])
            let found = try await broker.call(.get, ["v1", "audit", "entries"], query: form)
            guard let index = found["entries"]?.asArray?.first?["index"]?.asInteger else { continue }
            let beginning = try await ProvedEntry(UInt64(clamping: index), known, by: broker).answer["entry"]
            guard let principal = beginning?["principal"]?.asString else { continue }
            self.principal = principal
            origin = (beginning?["claims"]?[UpstreamOrigin.member]).flatMap(UpstreamOrigin.init)
            return
        }
        return nil
    }

    /// The source of a claim in one of the run's entries.
    func source(of claim: String) -> Provenance {
        if claim == "job_claims" { return .job }
        if let reason = ReservedClaims.reason(for: claim), StandardClaim(rawValue: claim) == nil, !reason.isEmpty {
            return .broker
        }
        return origin?.provenance(of: claim, entry: principal) ?? .orchestrator(principal)
    }
}
