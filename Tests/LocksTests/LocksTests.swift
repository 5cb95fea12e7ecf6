import Locks
import Testing

@Suite("A lock")
struct LocksTests {
    @Test("lets one task at a time have its value, so that no change is lost")
    func exclusion() async {
        let lock = Lock([Int]())
        let (tasks, turns) = (8, 2_000)
        await withTaskGroup { group in
            for task in 0..<tasks {
                group.addTask {
                    for turn in 0..<turns { lock.withLock { $0.append(task * turns + turn) } }
                }
            }
        }
        let values = lock.withLock { $0 }
        #expect(values.count == tasks * turns)
        #expect(Set(values).count == tasks * turns)
    }

    @Test("is free again when what was done under it has failed")
    func failure() {
        struct Failure: Error {}
        let lock = Lock(1)
        #expect(throws: Failure.self) {
            try lock.withLock { value throws(Failure) in
                value = 2
                throw Failure()
            }
        }
        #expect(lock.withLock { $0 } == 2)
    }

    @Test("guards a value that cannot be copied, and ends it with itself")
    func noncopyable() {
        struct Guarded: ~Copyable {
            let ended: Lock<Bool>
            deinit { ended.withLock { $0 = true } }
        }
        let ended = Lock(false)
        do {
            let lock = Lock(Guarded(ended: ended))
            #expect(lock.withLock { guarded in guarded.ended.withLock { !$0 } })
        }
        #expect(ended.withLock { $0 })
    }

    @Test("a fair lock is had by whoever waits, though another asks for it without end")
    func fairness() async {
        let lock = Lock(0, isFair: true)
        let isDone = Lock(false)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { while !isDone.withLock({ $0 }) { lock.withLock { $0 += 1 } } }
            group.addTask {
                for _ in 0..<100 { lock.withLock { $0 += 1 } }
                isDone.withLock { $0 = true }
            }
        }
        #expect(lock.withLock { $0 } >= 100)
    }
}
