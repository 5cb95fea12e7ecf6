import Crypto
import Runs
import Support
import Testing
import Text
import Time

@Suite("Revocations in force")
struct RevocationsTests {
    private let storage = MemoryRevocationStorage()
    private let clock = TestClock()

    private func list() -> Revocations {
        Revocations(storage: storage, executor: globalConcurrentExecutor, entropy: Entropy.bytes, clock: clock.wall)
    }

    private func run(_ project: String = "acme/web") throws -> Run {
        let registry = RunRegistry(
            storage: MemoryRunStorage(),
            executor: globalConcurrentExecutor,
            entropy: Entropy.bytes,
            clock: clock.wall
        )
        let attestation = try Attestation(
            .sample([.project: project]),
            by: Attestor(name: "fleet", projects: [.anything], claims: []),
            limits: .standard
        )
        return try registry.registerBlocking(attestation, limit: 10).run
    }

    @Test("shut out what they name, and nothing else")
    func scopes() async throws {
        let first = try run()
        clock.advance(by: .seconds(60))
        let boundary = clock.now
        let (second, other) = (try run("acme/webhooks"), try run("other/web"))
        let cases: [(Revocation.Scope, [Bool])] = [
            (.run(first.id), [true, false, false]),
            (.project(try Pattern("acme/web")), [true, false, false]),
            (.project(try Pattern("acme/*")), [true, true, false]),
            (.since(boundary), [false, true, true]),
            (.since(boundary + .milliseconds(1)), [false, false, false]),
            (.key("kid"), [false, false, false]),
        ]
        for (scope, expected) in cases {
            let revocations = list()
            let revocation = revocations.prepare(scope, until: nil, by: "admin", reason: "")
            try await revocations.add(revocation)
            #expect(
                [first, second, other].map { revocations.revocation(of: $0) == revocation } == expected,
                "\(scope)"
            )
            #expect((revocations.revocation(ofKey: "kid") != nil) == (scope == .key("kid")))
            try await revocations.lift(revocation.id)
            #expect([first, second, other].allSatisfy { revocations.revocation(of: $0) == nil }, "\(scope)")
        }
    }

    @Test("a run that is registered after 'since' was revoked is not meant")
    func later() async throws {
        let revocations = list()
        try await revocations.add(revocations.prepare(.since(clock.now), until: nil, by: nil, reason: ""))
        clock.advance(by: .milliseconds(1))
        #expect(try revocations.revocation(of: run()) == nil)
    }

    @Test("a project is let in again when its time has come, and refused before it is registered until then")
    func until() async throws {
        let revocations = list()
        let until = clock.now + .seconds(60)
        try await revocations.add(
            revocations.prepare(.project(try Pattern("acme/*")), until: until, by: nil, reason: "")
        )
        let run = try run()
        #expect(revocations.revocation(of: run) != nil)
        #expect(revocations.revocation(ofProject: "acme/web") != nil)
        #expect(revocations.revocation(ofProject: "acmes/web") == nil)
        clock.advance(by: .seconds(60))
        #expect(revocations.revocation(of: run) == nil)
        #expect(revocations.revocation(ofProject: "acme/web") == nil)
        #expect(revocations.inForce.isEmpty)
    }

    @Test("are those of every broker of the store once they are refreshed, and an older state never comes back")
    func shared() async throws {
        let (one, other) = (list(), list())
        let run = try run()
        try await one.add(one.prepare(.run(run.id), until: nil, by: nil, reason: "x"))
        #expect(other.revocation(of: run) == nil)
        #expect(other.epoch == 0)
        #expect(try await other.refresh())
        #expect(other.revocation(of: run)?.reason == "x")
        #expect(other.epoch == one.epoch)
        #expect(try await !other.refresh())
        storage.isBroken = true
        await #expect(throws: RunError.self) { try await other.refresh() }
        await #expect(throws: RunError.self) {
            try await other.add(other.prepare(.key("k"), until: nil, by: nil, reason: ""))
        }
        #expect(other.revocation(of: run) != nil, "what is known is kept while the store is away")
        #expect(other.revocation(ofKey: "k") == nil, "what is not stored is not in force")
    }

    @Test("read back from their words", arguments: ["run", "project", "kid", "since", "nothing"])
    func words(kind: String) throws {
        let value = kind == "since" ? "2026-11-22T09:30:00.250Z" : "acme/web"
        let scope = Revocation.Scope(kind: kind, value: value)
        #expect(scope?.kind == (kind == "nothing" ? nil : kind))
        #expect(scope?.value == (kind == "nothing" ? nil : value))
        #expect(Revocation.Scope(kind: kind, value: "") == nil)
    }
}
