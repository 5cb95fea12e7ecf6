import POSIX
import Postgres
import Support
import Testing

@Suite("A pool of connections")
struct PoolTests {
    @Test("fails at once while the server is away, and is whole again by itself when it is back")
    func outage() throws {
        let cluster = try PostgresCluster()
        let pool = try PostgresPool(cluster.database(), connections: 3)
        #expect(try one(pool, 0) == 1)
        try cluster.kill()
        for number in 0..<3 { #expect(throws: PostgresError.self) { try one(pool, number) } }
        #expect(pool.outage != nil)
        let start = ContinuousClock.now
        for _ in 0..<1_000 { #expect(throws: PostgresError.self) { try one(pool, 1) } }
        #expect(ContinuousClock.now - start < .seconds(5), "a call waits for a connection")
        try cluster.start()
        for _ in 0..<200 where pool.outage != nil { WorkerThread.pause(for: .milliseconds(50)) }
        #expect(pool.outage == nil)
        for number in 0..<3 { #expect(try one(pool, number) == 1) }
    }

    @Test("replaces a connection that the server has closed")
    func closed() throws {
        let address = try PostgresCluster.shared.get().database()
        let pool = try PostgresPool(address, connections: 2)
        let close: () throws(PostgresError) -> Void = { () throws(PostgresError) in
            try pool.use(1) { connection throws(PostgresError) in
                _ = try connection.run(
                    PostgresQuery(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()
                        """
                    )
                )
            }
        }
        try close()
        #expect(throws: PostgresError.self) { for _ in 0..<100 { _ = try one(pool, 0) } }
        for _ in 0..<200 where pool.outage != nil { WorkerThread.pause(for: .milliseconds(20)) }
        #expect(try one(pool, 0) == 1)
        #expect(try one(pool, 1) == 1)
    }

    @Test("rolls back what somebody leaves open")
    func leftOpen() throws {
        let pool = try PostgresPool(PostgresCluster.shared.get().database(), connections: 1)
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            func stop(_ error: PostgresError) -> Stop { Stop() }
            try pool.use(0, stop) { connection throws(Stop) in
                do throws(PostgresError) {
                    _ = try connection.run([PostgresQuery("BEGIN"), PostgresQuery("CREATE TABLE t (x bigint)")])
                } catch { Issue.record("\(error)") }
                throw Stop()
            }
        }
        let isOpen = try pool.use(0) { connection throws(PostgresError) in
            _ = try connection.run(PostgresQuery("CREATE TABLE t (x bigint)"))
            return connection.isInTransaction
        }
        #expect(!isOpen)
    }

    private func one(_ pool: PostgresPool, _ number: Int) throws(PostgresError) -> Int64 {
        try pool.use(number) { connection throws(PostgresError) in
            guard let row = try connection.run(PostgresQuery("SELECT 1::bigint")).first else { return 0 }
            return try row.integer(at: 0)
        }
    }
}
