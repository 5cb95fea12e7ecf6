import Crypto
import Locks
import POSIX
import Runs
import Stores
import Support
import Testing
import Time

/// Runs that two brokers know of by one database.
@Suite("Brokers that share their runs")
struct SharedRunTests {
    private let store: PostgresStore
    private let clock = TestClock()

    init() throws { store = try StoreUnderTest.postgres() }

    private func registry() throws -> RunRegistry {
        RunRegistry(
            storage: try PostgresStore(opening: store.address),
            executor: try WorkerThread(),
            lookupExecutor: try WorkerThread(),
            entropy: Entropy.bytes,
            clock: clock.wall
        )
    }

    private func register(_ registry: RunRegistry) async throws -> (run: Run, token: String) {
        let registration = try await registry.register(.sample(), limit: 100)
        let run = registration.run
        return (run, registration.takeToken().reveal())
    }

    @Test("know at once what the other has registered, and refuse at once what it has ended")
    func life() async throws {
        let (here, there) = (try registry(), try registry())
        let (run, token) = try await register(here)
        guard case .active(let found) = try await there.authenticate(token) else {
            Issue.record("the other broker does not know the run")
            return
        }
        #expect(found.id == run.id)
        #expect(found.attestation == run.attestation)
        #expect(try await here.end(run.id)?.state == .active)
        guard case .refused(let reason) = try await there.authenticate(token) else {
            Issue.record("the other broker lets an ended run in")
            return
        }
        #expect(reason == .ended(run.id, clock.now))
        #expect(try await there.find(run.id)?.state == .ended(clock.now))
        #expect(try await there.end(run.id)?.state == .ended(clock.now), "a run ends once")
        #expect(there.activeCount == 0)
    }

    @Test("refuse a token that no run has, and one that has expired")
    func refusals() async throws {
        let (here, there) = (try registry(), try registry())
        let (run, token) = try await register(here)
        let other = String(token.dropLast(3)) + (token.hasSuffix("AAA") ? "BBB" : "AAA")
        guard case .refused(.unknown) = try await there.authenticate(other) else {
            Issue.record("somebody else's token gets in")
            return
        }
        clock.advance(by: .seconds(86_400))
        guard case .refused(.expired(run.id, _)) = try await there.authenticate(token) else {
            Issue.record("an expired run gets in")
            return
        }
    }

    @Test("answer many jobs that ask at once, each about its own run")
    func many() async throws {
        let (here, there) = (try registry(), try registry())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    let (run, token) = try await register(here)
                    for _ in 0..<10 {
                        guard case .active(let found) = try await there.authenticate(token), found.id == run.id else {
                            Issue.record("the wrong run")
                            return
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("say that the store cannot be asked, and let nobody in on what they remember")
    func outage() async throws {
        let cluster = try PostgresCluster()
        let address = try cluster.database()
        try PostgresStore.create(at: address, identity: [1], at: UnixTime(seconds: 1))
        let store = try PostgresStore(opening: address)
        let registry = RunRegistry(
            storage: store,
            executor: try WorkerThread(),
            entropy: Entropy.bytes,
            clock: clock.wall
        )
        let (run, token) = try await register(registry)
        try cluster.kill()
        for _ in 0..<50 {
            let error = await #expect(throws: RunError.self) { _ = try await registry.authenticate(token) }
            #expect(error?.code == .storage)
        }
        #expect(store.outage != nil)
        try cluster.start()
        for _ in 0..<200 where store.outage != nil { WorkerThread.pause(for: .milliseconds(50)) }
        guard case .active(let found) = try await registry.authenticate(token), found.id == run.id else {
            Issue.record("the run did not survive")
            return
        }
    }
}
