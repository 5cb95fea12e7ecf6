import Broker
import Exchange
import HTTP
import Ledger
import Runs
import Support
import Testing
import Text
import Time

@Suite("A trade that is made for nobody")
struct RehearsalTests {
    private static let login = FakeTransport.Reply.status(
        200,
        """
        {"request_id": "req-1", "auth": {"client_token": "s.ONE", "accessor": "a", "policies": [], "metadata": {},
        "lease_duration": 3600, "renewable": true, "token_type": "service", "num_uses": 0}}
        """
    )
    private static let revocation = "https://bao.example.com/v1/auth/token/revoke-self"

    private func rehearse(_ site: BrokerHarness) async throws -> Broker.Rehearsal {
        let request = RunRequest(
            [.project: "acme/web", .workflow: "deploy", .job: "release", .ref: "refs/heads/main"],
            expiresIn: 300
        )
        let attestation = try Attestation(
            request,
            by: Attestor(name: "doctor", projects: [.anything], claims: []),
            limits: .standard
        )
        return try await site.broker.rehearse(
            "bao",
            as: attestation,
            trace: "rehearsal",
            over: site.network,
            pacing: site.time.pacing()
        )
    }

    @Test("has an entry for each step, and ends what it got and its run")
    func steps() async throws {
        let site = try await BrokerHarness([Self.login, .status(204)])
        guard case .traded = try await rehearse(site) else { return #expect(Bool(false), "it was to be traded") }
        #expect(site.network.requests.last?.url == Self.revocation)
        let kinds = try site.entries.map(\.kind)
        #expect(kinds == [.runRegistered, .tokenIssued, .exchangeSucceeded, .credentialRevoked, .runEnded])
    }

    @Test("ends what it got where that cannot be recorded", arguments: FaultyLedgerStorage.Fault.allCases)
    func unrecorded(fault: FaultyLedgerStorage.Fault) async throws {
        let site = try await BrokerHarness([Self.login, .status(204)])
        site.faults.plan([nil, nil, fault])
        await #expect(throws: Problem.self) { try await rehearse(site) }
        #expect(site.network.requests.last?.url == Self.revocation)
        #expect(try site.entries.last?.kind == .runEnded)
    }

    @Test(
        "a probe that is taken ends too where the alarm cannot be recorded",
        arguments: FaultyLedgerStorage.Fault.allCases
    )
    func unrecordedProbe(fault: FaultyLedgerStorage.Fault) async throws {
        let site = try await BrokerHarness(
            [Self.login, .status(204)],
            targets: """
                  loose:
                    {type: vault, address: "https://bao.example.com", role: ci, audience: v, probe: true,
                     allow: [{project: acme/web}]}

                """
        )
        site.faults.plan([nil, fault])
        await #expect(throws: Problem.self) {
            try await site.broker.probe("loose", trace: "probe", over: site.network, pacing: site.time.pacing())
        }
        #expect(site.network.requests.last?.url == Self.revocation)
        #expect(try site.entries.last?.kind == .credentialRevoked)
        #expect(site.lines.all.contains("ALARM") && !site.lines.all.contains("s.ONE"))
    }
}
