import POSIX
import Testing

@Suite("A thread for calls that block")
struct WorkerThreadTests {
    /// How far the calling thread gives way to others, as the system has it (proc_pid_stat(5), field 19).
    @Sendable private static func niceness() throws -> Int {
        let text = try Files.readText("/proc/thread-self/stat")
        let fields = try #require(text.split(separator: ")").last).split(separator: " ")
        return try #require(Int(fields[16]))
    }

    @Test("one that gives way does so alone: other threads keep their share")
    func givesWay() async throws {
        let modest = try WorkerThread()
        let other = try WorkerThread()
        defer {
            modest.stop()
            other.stop()
        }
        let before = try await other.run { Result { try Self.niceness() } }.get()
        let given = try await modest.run {
            WorkerThread.giveWay()
            return Result { try Self.niceness() }
        }.get()
        #expect(given == max(before, 10))
        #expect(try await other.run { Result { try Self.niceness() } }.get() == before)
    }
}
