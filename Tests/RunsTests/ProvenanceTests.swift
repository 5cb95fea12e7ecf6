import JSON
import Runs
import Support
import Testing

@Suite("Who answers for a claim")
struct ProvenanceTests {
    private let origin = UpstreamOrigin(
        issuer: "https://token.example",
        places: ["project": "repository", "job": "=release", "team": "/labels/te\"am"]
    )

    private func federated() throws -> Attestation {
        var request = RunRequest.sample(further: [Claim("team", "web")])
        request.origin = origin
        return try Attestation(request, by: .sample, limits: .standard)
    }

    @Test("an orchestrator for all that it attested")
    func orchestrator() throws {
        let attestation = try Attestation.sample()
        #expect(attestation.provenance(of: "project") == .orchestrator("runner-fleet"))
        #expect(attestation.provenance(of: "trust") == .orchestrator("runner-fleet"))
        #expect(attestation.stored == attestation.json)
    }

    @Test("another issuer for what its token says, configuration for what it puts there, the broker for trust")
    func upstream() throws {
        let attestation = try federated()
        #expect(
            attestation.provenance(of: "project") == .upstream(issuer: "https://token.example", place: "repository")
        )
        #expect(attestation.provenance(of: "job") == .configuration(entry: "runner-fleet"))
        #expect(attestation.provenance(of: "trust") == .broker)
    }

    @Test("a store keeps it beside the claims, and tokens do not carry it")
    func kept() async throws {
        let attestation = try federated()
        let storage = MemoryRunStorage()
        let clock = TestClock()
        func registry() -> RunRegistry {
            RunRegistry(
                storage: storage,
                executor: globalConcurrentExecutor,
                entropy: { [UInt8](repeating: 7, count: $0) },
                clock: clock.wall
            )
        }
        let registration = try await registry().register(attestation, limit: 9)
        let id = registration.run.id
        let stored = try JSON.parse(try #require(storage.records.first?.claims))
        #expect(stored[UpstreamOrigin.member]?["claims"]?["project"] == "repository")
        let other = registry()
        try await other.load()
        let run = try #require(try await other.find(id)?.run)
        #expect(run.attestation.origin == origin)
        #expect(run.attestation.json == attestation.json)
        #expect(run.attestation.claims == attestation.claims)
        #expect(!String(decoding: run.attestation.json, as: UTF8.self).contains(UpstreamOrigin.member))
    }

    @Test(
        "is read back as it is written",
        arguments: [
            Provenance.orchestrator("fleet"), .upstream(issuer: "https://a.example", place: "b"),
            .configuration(entry: "e"), .broker, .job,
        ]
    )
    func json(source: Provenance) { #expect(Provenance(source.json) == source) }

    @Test("anything else is none", arguments: ["{}", #"{"source":"upstream","issuer":"x"}"#, #"{"source":"?"}"#])
    func noJSON(text: String) throws { #expect(Provenance(try JSON.parse(Array(text.utf8))) == nil) }
}
