import Crypto
import Runs
import Support
import Synchronization
import Testing
import Time

@Suite("The registry of runs")
struct RunRegistryTests {
    let clock = TestClock()
    let storage = MemoryRunStorage()

    func registry() -> RunRegistry {
        RunRegistry(storage: storage, executor: globalConcurrentExecutor, entropy: Entropy.bytes, clock: clock.wall)
    }

    func register(in registry: RunRegistry, expiresIn: Int64? = nil) async throws -> (run: Run, token: String) {
        let registration = try await registry.register(.sample(expiresIn: expiresIn), limit: 10)
        let run = registration.run
        return (run, registration.takeToken().reveal())
    }

    @Test("a registered run is found by its request token until it expires")
    func lives() async throws {
        let registry = registry()
        let (run, token) = try await register(in: registry, expiresIn: 60)
        #expect(token.hasPrefix("jpr_"))
        #expect(token.utf8.count == 47)
        #expect(run.id.hasPrefix("run_"))
        guard case .active(let found) = try await registry.authenticate(token) else {
            Issue.record("the token is dead")
            return
        }
        #expect(found === run)
        #expect(found.attestation[.project] == "acme/web")
        clock.advance(by: .milliseconds(59_999))
        guard case .active = try await registry.authenticate(token) else {
            Issue.record("the token died early")
            return
        }
        clock.advance(by: .milliseconds(1))
        #expect(try await refusal(registry, token) == .expired(run.id, run.expires))
    }

    @Test("two runs have different IDs and tokens, and each token its own run")
    func distinct() async throws {
        let registry = registry()
        let first = try await register(in: registry)
        let second = try await register(in: registry)
        #expect(first.run.id != second.run.id)
        #expect(first.token != second.token)
        guard case .active(let found) = try await registry.authenticate(second.token) else {
            Issue.record("the token is dead")
            return
        }
        #expect(found === second.run)
    }

    @Test("a program without an event loop registers on its own thread")
    func registersBlocking() async throws {
        let registry = registry()
        let registration = try registry.registerBlocking(.sample(), limit: 1)
        let run = registration.run
        guard case .active(let found) = try await registry.authenticate(registration.takeToken().reveal()) else {
            Issue.record("the token is dead")
            return
        }
        #expect(found === run)
        #expect(storage.records.map(\.id) == [run.id])
        #expect(throws: RunError.self) { _ = try registry.registerBlocking(.sample(), limit: 1) }
    }

    @Test("only the SHA-256 of the request token is stored")
    func storesDigest() async throws {
        let registry = registry()
        let (run, token) = try await register(in: registry)
        let record = try #require(storage.records.first)
        #expect(record.tokenDigest == SHA256.hash(token))
        #expect(record.id == run.id)
        #expect(!String(decoding: record.claims, as: UTF8.self).contains(token))
    }

    @Test(
        "a bearer that is no request token is told so",
        arguments: [
            "", "jpr_", "jpr_short", "Bearer x", String(repeating: "a", count: 47),
            String(repeating: "jpr_", count: 1_000),
        ]
    )
    func malformed(bearer: String) async throws {
        #expect(try await refusal(registry(), bearer) == .malformed)
    }

    @Test("a token of no run, also one that differs in its last letter, is unknown")
    func unknown() async throws {
        let registry = registry()
        let (_, token) = try await register(in: registry)
        let other = token.dropLast() + (token.hasSuffix("A") ? "B" : "A")
        #expect(try await refusal(registry, String(other)) == .unknown)
    }

    @Test("an ended run's token is dead at once, and only the first end changes anything")
    func ends() async throws {
        let registry = registry()
        let (run, token) = try await register(in: registry)
        clock.advance(by: .seconds(5))
        let moment = clock.now
        #expect(try await registry.end(run.id)?.state == .active)
        #expect(try await refusal(registry, token) == .ended(run.id, moment))
        clock.advance(by: .seconds(5))
        #expect(try await registry.end(run.id)?.state == .ended(moment))
        #expect(storage.records.first?.ended == moment)
        #expect(try await registry.find(run.id)?.state == .ended(moment))
        #expect(registry.activeCount == 0)
    }

    @Test("a run that nobody registered cannot be found or ended")
    func absent() async throws {
        let registry = registry()
        #expect(try await registry.find("run_00") == nil)
        #expect(try await registry.end("run_00") == nil)
    }

    @Test("active runs survive a restart, ended and expired ones do not come back to life")
    func restarts() async throws {
        let before = registry()
        let active = try await register(in: before, expiresIn: 600)
        let ended = try await register(in: before, expiresIn: 600)
        let expired = try await register(in: before, expiresIn: 60)
        _ = try await before.end(ended.run.id)
        clock.advance(by: .seconds(120))
        let after = registry()
        try await after.load()
        guard case .active(let run) = try await after.authenticate(active.token) else {
            Issue.record("the active run is gone")
            return
        }
        #expect(run.attestation == active.run.attestation)
        #expect(run.expires == active.run.expires)
        #expect(try await refusal(after, ended.token) == .unknown)
        #expect(try await refusal(after, expired.token) == .unknown)
        #expect(try await after.find(ended.run.id)?.state.name == "ended")
        #expect(try await after.find(expired.run.id)?.state == .expired(expired.run.expires))
        #expect(after.activeCount == 1)
    }

    @Test("nothing is registered or ended where the store fails", arguments: [MemoryRunStorage.Fault.before, .after])
    func storageFails(fault: MemoryRunStorage.Fault) async throws {
        let registry = registry()
        let (run, token) = try await register(in: registry)
        storage.fault = fault
        await #expect(throws: RunError.self) { _ = try await register(in: registry) }
        await #expect(throws: RunError.self) { try await registry.end(run.id) }
        #expect(registry.activeCount == 1)
        guard case .active = try await registry.authenticate(token) else {
            Issue.record("the run ended although its end was not stored")
            return
        }
        storage.fault = nil
        #expect(try await registry.end(run.id)?.state == .active)
        #expect(registry.activeCount == 0)
    }

    @Test("as many runs are active as the limit allows, and ended ones make room")
    func capacity() async throws {
        let registry = registry()
        var first: String?
        for _ in 0..<10 {
            let (run, _) = try await register(in: registry)
            first = first ?? run.id
        }
        let error = await #expect(throws: RunError.self) { _ = try await register(in: registry) }
        #expect(error?.code == .capacity)
        _ = try await registry.end(try #require(first))
        _ = try await register(in: registry)
        #expect(registry.activeCount == 10)
    }

    @Test("runs are registered, asked for and ended from many tasks at once, each ended by one of them")
    func concurrent() async throws {
        let registry = registry()
        let ended = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    let registration = try await registry.register(.sample(), limit: 64)
                    let id = registration.run.id
                    let token = registration.takeToken().reveal()
                    guard case .active = try await registry.authenticate(token) else { return 0 }
                    async let first = registry.end(id)
                    async let second = registry.end(id)
                    let before = try await [first, second].map { $0?.state }
                    guard case .refused(.ended(id, _)) = try await registry.authenticate(token) else { return 0 }
                    return before.count { $0 == .active }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(ended == Array(repeating: 1, count: 64))
        #expect(registry.activeCount == 0)
        #expect(storage.records.count == 64)
        #expect(storage.records.allSatisfy { $0.ended == clock.now })
    }

    @Test("a sweep forgets what is long over, in memory and in the store")
    func sweeps() async throws {
        let registry = registry()
        let (run, token) = try await register(in: registry, expiresIn: 60)
        clock.advance(by: .seconds(600))
        try await registry.sweep()
        #expect(try await refusal(registry, token) == .expired(run.id, run.expires))
        clock.advance(by: .seconds(3_600))
        try await registry.sweep()
        #expect(try await refusal(registry, token) == .unknown)
        #expect(storage.records.count == 1)
        clock.advance(by: .seconds(31 * 86_400))
        try await registry.sweep()
        #expect(storage.records.isEmpty)
    }

    @Test(
        "a stored run that is damaged stops the start with its ID",
        arguments: [
            "", "[]", "{}", #"{"project":1}"#, #"{"project":"a","workflow":"b","job":"c"}"#,
            #"{"project":"a","workflow":"b","job":"c","trust":"maybe"}"#,
            #"{"project":"a","workflow":"b","trust":"trusted"}"#,
        ]
    )
    func damaged(claims: String) async throws {
        let registry = registry()
        try storage.insert(
            RunRecord(
                id: "run_01",
                principal: "p",
                claims: Array(claims.utf8),
                tokenDigest: SHA256.hash("x"),
                registered: clock.now,
                expires: clock.now + .seconds(60),
                ended: nil
            )
        )
        await #expect(throws: RunError(.damaged, "run run_01: the stored claims are no attestation")) {
            try await registry.load()
        }
    }

    @Test("a blocking call of the store does not run on the caller's executor")
    func leavesTheLoop() async throws {
        let executor = CountingExecutor()
        let registry = RunRegistry(storage: storage, executor: executor, entropy: Entropy.bytes, clock: clock.wall)
        _ = try await register(in: registry)
        #expect(executor.jobs.load(ordering: .relaxed) > 0)
    }

    private func refusal(_ registry: RunRegistry, _ bearer: String) async throws -> DeadToken? {
        if case .refused(let reason) = try await registry.authenticate(bearer) { return reason }
        return nil
    }
}

/// An executor that counts the jobs it is given, and leaves them to the global one.
private final class CountingExecutor: TaskExecutor {
    let jobs = Atomic(0)

    func enqueue(_ job: consuming ExecutorJob) {
        jobs.add(1, ordering: .relaxed)
        let job = UnownedJob(job)
        globalConcurrentExecutor.enqueue(job)
    }
}
