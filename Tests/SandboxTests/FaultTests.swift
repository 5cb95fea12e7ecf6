import HTTP
import JSON
import Sandbox
import Support
import Testing

@Suite("Bad days on request")
struct FaultTests {
    private func get(_ sandbox: SandboxHarness) async throws -> HTTPResponse {
        try await sandbox.send(.get, "/v1/sys/health")
    }

    @Test("faults come one after another, each for its time, and then all is well")
    func turns() async throws {
        let sandbox = try await SandboxHarness {
            $0.faults = [
                SandboxFault(.outage, for: .seconds(30)), SandboxFault(.ok, for: .seconds(10)),
                SandboxFault(.throttle, for: .seconds(5)),
            ]
        }
        var statuses: [Int] = []
        for step in [0, 29, 1, 9, 1, 4, 1] {
            sandbox.clock.advance(by: .seconds(step))
            statuses.append(try await get(sandbox).status)
        }
        #expect(statuses == [503, 503, 200, 200, 429, 429, 200])
    }

    @Test(
        "a fault without a time lasts",
        arguments: [
            (SandboxFault.Kind.outage, 503), (.error, 500), (.throttle, 429), (.redirect, 307), (.garbage, 200),
            (.html, 200),
            (.truncated, 200),
        ]
    )
    func lasting(_ kind: SandboxFault.Kind, _ status: Int) async throws {
        let sandbox = try await SandboxHarness { $0.faults = [SandboxFault(kind)] }
        sandbox.clock.advance(by: .seconds(100_000))
        let response = try await get(sandbox)
        #expect(response.status == status)
        #expect((try? JSON.parse(response.body)) == nil)
        if kind == .throttle { #expect(response.fields["Retry-After"] == "1") }
        if kind == .truncated { #expect(response.body.first == UInt8(ascii: "{")) }
    }

    @Test("an answer is late, or never comes while anybody waits")
    func late() async throws {
        let cases: [([SandboxFault], [Duration])] = [
            ([], [.seconds(2)]), ([SandboxFault(.hang)], [.seconds(2), .seconds(600)]),
        ]
        for (faults, pauses) in cases {
            let time = TestTime()
            var settings = Sandbox.Settings(issuers: [])
            settings.latency = .seconds(2)
            settings.faults = faults
            let sandbox = Sandbox(
                settings,
                transport: FakeIssuer(),
                clock: TestClock().wall,
                sleep: { time.pause($0) },
                report: { _ in }
            )
            let peer = HTTPPeer(address: "127.0.0.1", certificate: nil)
            let request = HTTPRequest(
                method: .get,
                path: "/v1/sys/health",
                query: "",
                fields: [:],
                body: [],
                peer: peer
            )
            #expect(await sandbox.answer(request).status == 200)
            #expect(time.pauses == pauses)
        }
    }

    @Test("three mebibytes are sent where they are asked for")
    func large() async throws {
        let sandbox = try await SandboxHarness { $0.faults = [SandboxFault(.large)] }
        await #expect(throws: TransportError.self) { try await get(sandbox) }
    }
}
