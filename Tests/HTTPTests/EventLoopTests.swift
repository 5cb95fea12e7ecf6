import EventLoop
import Locks
import POSIX
import Support
import Testing

@Suite("The event loop")
struct EventLoopTests {
    private struct Failure: Error, Equatable {}

    @Test("a task that prefers the loop runs on its thread, before and after it waits")
    func affinity() async throws {
        let own = try TestLoop()
        let loop = own.loop
        let seen = await Task(executorPreference: loop) {
            let before = loop.isCurrent
            await Task.yield()
            let between = loop.isCurrent
            try? await loop.sleep(for: .milliseconds(5))
            return [before, between, loop.isCurrent]
        }.value
        #expect(seen == [true, true, true])
        #expect(!loop.isCurrent)
    }

    @Test("what many threads send arrives, each thread's in order")
    func manyThreads() async throws {
        let own = try TestLoop()
        let loop = own.loop
        let received = Record<[[Int]]>(Array(repeating: [], count: 8))
        let done = Gate()
        let count = Record(0)
        for sender in 0..<8 {
            Task {
                try await onThread {
                    for index in 0..<5000 {
                        loop.execute {
                            received.change { $0[sender].append(index) }
                            if count.change({ $0 += 1 }) == 40_000 { done.open() }
                        }
                    }
                }
            }
        }
        await done.wait()
        #expect(received.value == Array(repeating: Array(0..<5000), count: 8))
    }

    @Test("continuations that other threads resume come back to the loop")
    func resumedElsewhere() async throws {
        let own = try TestLoop()
        let loop = own.loop
        let onLoop = await Task(executorPreference: loop) {
            var onLoop = 0
            for _ in 0..<500 {
                await withCheckedContinuation { continuation in
                    Task { continuation.resume() }
                }
                onLoop += loop.isCurrent ? 1 : 0
            }
            return onLoop
        }.value
        #expect(onLoop == 500)
    }

    @Test("what another thread made is whole for whoever waited for it, however soon it came")
    func handedOver() async throws {
        final class Made: @unchecked Sendable {  // Written by the loop's thread before it hands it over.
            var number: Int
            init(_ number: Int) { self.number = number }
        }
        let own = try TestLoop()
        let loop = own.loop
        var sum = 0
        for number in 1...20_000 {
            let made = await loop.perform { Made(number) }
            sum += made.number
        }
        #expect(sum == 200_010_000)
    }

    @Test("a chain of jobs without end does not keep timers from being due")
    func fairness() async throws {
        let own = try TestLoop()
        let loop = own.loop
        let spinner = Task(executorPreference: loop) {
            while !Task.isCancelled { await Task.yield() }
        }
        try await loop.sleep(for: .milliseconds(20))
        spinner.cancel()
        await spinner.value
    }

    @Test("waits end in the order of their length, and a cancelled one at once")
    func sleeping() async throws {
        let own = try TestLoop()
        let loop = own.loop
        let order = Record<[Int]>([])
        await withTaskGroup { group in
            for length in [60, 10, 30] {
                group.addTask {
                    try? await loop.sleep(for: .milliseconds(length))
                    order.change { $0.append(length) }
                }
            }
        }
        #expect(order.value == [10, 30, 60])
        let long = Task { try await loop.sleep(for: .seconds(3600)) }
        long.cancel()
        await #expect(throws: CancellationError.self) { try await long.value }
    }

    @Test("a timer repeats until it is cancelled, and is due once for the time it was set to last")
    func timers() async throws {
        let own = try TestLoop()
        let loop = own.loop
        let (repeated, once) = (Record(0), Record(0))
        let done = Gate()
        let owner = try await loop.perform {
            let owner = TimerOwner()
            owner.once = try EventTimer(on: loop) { once.change { $0 += 1 } }
            owner.once?.set(after: .seconds(3600))
            owner.once?.set(after: .zero)
            owner.repeated = try EventTimer(on: loop) {
                if repeated.change({ $0 += 1 }) == 3 {
                    owner.repeated?.cancel()
                    loop.execute { done.open() }
                }
            }
            owner.repeated?.set(every: .milliseconds(5))
            return owner
        }
        await done.wait()
        try await loop.sleep(for: .milliseconds(30))
        #expect(repeated.value == 3)
        #expect(once.value == 1)
        await loop.perform {
            owner.once = nil
            owner.repeated = nil
        }
    }

    @Test("a watch tells readiness, and nothing once it is cancelled")
    func watching() async throws {
        let own = try TestLoop()
        let loop = own.loop
        var pipe = try FileDescriptor.pipe()
        let number = pipe.reading.number
        let readable = Gate()
        let watch = try await loop.perform {
            let watched = WatchOwner()
            watched.watch = try EventWatch(number, for: .read, on: loop) { readiness in
                if readiness.contains(.read) { readable.open() }
                watched.watch?.cancel()
            }
            return watched
        }
        pipe.closeWriting()  // the end of what is there to read is readiness too
        await readable.wait()
        await loop.perform { watch.watch = nil }
    }

    @Test("a command's main line gives its result, or its error, on the calling thread's loop")
    func mainLine() throws {
        let answer = try EventLoop.runToCompletion { loop in
            try await loop.sleep(for: .milliseconds(5))
            return loop.isCurrent ? 42 : 0
        }
        #expect(answer == 42)
        #expect(throws: Failure.self) { try EventLoop.runToCompletion { _ in throw Failure() } }
        #expect(throws: CancellationError.self) {
            try EventLoop.runToCompletion { loop in
                loop.stop()
                try await loop.sleep(for: .seconds(3600))
            }
        }
    }
}

/// Holds a watch for a test; touched on the loop's thread alone.
private final class WatchOwner: @unchecked Sendable {
    var watch: EventWatch?
}

/// Holds timers for a test; touched on the loop's thread alone.
private final class TimerOwner: @unchecked Sendable {
    var once: EventTimer?
    var repeated: EventTimer?
}

/// A value that several threads change.
private final class Record<Value: Sendable>: Sendable {
    private let content: Lock<Value>

    init(_ value: Value) { content = Lock(value) }

    var value: Value { content.withLock { $0 } }

    /// Changes the value, and gives the new one.
    @discardableResult func change(_ body: (inout Value) -> Void) -> Value {
        content.withLock { value in
            body(&value)
            return value
        }
    }
}
