import Crypto
import Delivery
import JSON
import Locks
import Support
import Testing
import Time

@Suite("Credentials that are kept fresh")
struct KeeperTests {
    /// Gives credentials of a life, or fails as it is told.
    private final class Source: CredentialSource {
        let clock: TestClock
        let life: Duration
        let given = Lock(0)
        let failure = Lock<RenewalFailure?>(nil)

        init(_ clock: TestClock, life: Duration) {
            self.clock = clock
            self.life = life
        }

        func obtain() async throws(RenewalFailure) -> HeldCredential {
            if let failure = failure.withLock({ $0 }) { throw failure }
            let number = given.withLock { given in
                given += 1
                return given
            }
            let json = answer(
                ["AWS_ACCESS_KEY_ID": .string("KEY\(number)"), "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"],
                expires: .string(RFC3339.format(clock.now + life))
            )
            do throws(DeliveryError) { return HeldCredential(try credential(json), obtained: clock.now) } catch {
                throw RenewalFailure(isFinal: true, message: error.description)
            }
        }
    }

    private static let runEnded = RenewalFailure(isFinal: true, message: "the run has ended")

    private func keeper(life: Duration = .seconds(60)) async throws -> (CredentialKeeper, Source, TestClock) {
        let clock = TestClock()
        let source = Source(clock, life: life)
        let keeper = CredentialKeeper("aws-prod", try await source.obtain(), from: source, clock: clock.wall)
        return (keeper, source, clock)
    }

    @Test("a job of ten minutes with credentials of 60 seconds never sees an expired one, whenever it asks")
    func tenMinutes() async throws {
        let (keeper, source, clock) = try await keeper()
        let end = clock.now + .seconds(600)
        while clock.now < end {
            let held = try await keeper.current()
            let expires = try #require(held.freshness.expires)
            #expect(expires - clock.now > .seconds(11), "a fifth of its life is left at least")
            let shown = try LoopbackAnswers.aws(held, at: clock.now)
            #expect(shown["Expiration"] == .string(RFC3339.format(expires)))
            clock.advance(by: .milliseconds(Int64.random(in: 1...9_000)))
        }
        let given = source.given.withLock { $0 }
        #expect((11...14).contains(given), "\(given) trades in ten minutes")
    }

    @Test("it is renewed ahead of its end, without anybody asking, for as long as the child runs")
    func ahead() async throws {
        let (keeper, source, clock) = try await keeper()
        let end = clock.now + .seconds(600)
        let ends = Lock<[Duration]>([])
        let failure = await keeper.keep { pause in
            clock.advance(by: pause)
            ends.withLock { $0.append(pause) }
            if clock.now >= end { source.failure.withLock { $0 = Self.runEnded } }
        }
        #expect(failure == Self.runEnded)
        #expect(ends.withLock { $0 } == Array(repeating: .seconds(48), count: 13))
        #expect(source.given.withLock { $0 } == 13)
    }

    @Test("who asks while it is renewed shares the renewal")
    func shared() async throws {
        let (keeper, source, clock) = try await keeper()
        clock.advance(by: .seconds(50))
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { (try? await keeper.current()) != nil } }
            for await isThere in group { #expect(isThere) }
        }
        #expect(source.given.withLock { $0 } == 2)
    }

    @Test("a refusal is final: it ends the renewing, and what is there is handed out until it ends")
    func refused() async throws {
        let (keeper, source, clock) = try await keeper()
        let refusal = Self.runEnded
        source.failure.withLock { $0 = refusal }
        clock.advance(by: .seconds(50))
        #expect(await keeper.keep { clock.advance(by: min($0, .seconds(1))) } == refusal)
        #expect(try await keeper.current().answer.environment.names.count == 3)
        source.failure.withLock { $0 = nil }
        clock.advance(by: .seconds(10))
        await #expect(throws: refusal) { try await keeper.current() }
        #expect(source.given.withLock { $0 } == 1, "nobody is asked again")
    }

    @Test("an outage is waited out, ever longer, and over when it is over")
    func outage() async throws {
        let (keeper, source, clock) = try await keeper()
        source.failure.withLock { $0 = RenewalFailure(isFinal: false, message: "cannot reach the broker") }
        let pauses = Lock<[Int64]>([])
        _ = await keeper.keep { pause in
            clock.advance(by: pause)
            let count = pauses.withLock { pauses in
                pauses.append(pause.wholeSeconds)
                return pauses.count
            }
            if count == 7 { source.failure.withLock { $0 = nil } }
            if count == 8 { source.failure.withLock { $0 = Self.runEnded } }
        }
        #expect(pauses.withLock { $0 } == [48, 2, 4, 8, 16, 30, 30, 48])
        #expect(try await keeper.current().freshness.isUsable(at: clock.now))
    }

    @Test("during an outage the old one is handed out to its last moment, and then the reason is told")
    func lastMoment() async throws {
        let (keeper, source, clock) = try await keeper()
        let failure = RenewalFailure(isFinal: false, message: "cannot reach the broker")
        source.failure.withLock { $0 = failure }
        clock.advance(by: .seconds(59))
        #expect(try await keeper.current().freshness.isUsable(at: clock.now))
        clock.advance(by: .seconds(1))
        await #expect(throws: failure) { try await keeper.current() }
    }

    @Test("a credential without an end is asked for again, as the cloud may be back")
    func endless() throws {
        let clock = TestClock()
        let freshness = Freshness(obtained: clock.now, expires: nil)
        #expect(freshness.due == clock.now + .seconds(900))
        #expect(freshness.isUsable(at: clock.now + .seconds(100_000)))
        #expect(freshness.end(at: clock.now) > clock.now)
        #expect(Freshness(obtained: clock.now, expires: clock.now - .seconds(5)).due == clock.now)
    }
}
