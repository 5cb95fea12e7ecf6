import Glibc
import Postgres
import Support
import SwiftOverlayShims
import Testing

@Suite("A connection to PostgreSQL")
struct PostgresConnectionTests {
    private let address: PostgresAddress

    init() throws { address = try PostgresCluster.shared.get().database() }

    @Test("gives values back as they were sent")
    func values() throws {
        var connection = try PostgresConnection(to: address)
        let all = [UInt8](0...255)
        let rows = try connection.run(
            PostgresQuery(
                "SELECT $1, $2, $3, $4, $5, $6, $2 = $2, NULL::bigint",
                .integer(.min),
                .text("é'; DROP TABLE runs --\u{10FFFF}"),
                .bytes(all),
                .integer(.max),
                .bytes([]),
                .text("")
            )
        )
        let row = try #require(rows.first)
        #expect(try row.integer(at: 0) == .min)
        #expect(try row.text(at: 1) == "é'; DROP TABLE runs --\u{10FFFF}")
        #expect(try row.bytes(at: 2) == all)
        #expect(try row.integer(at: 3) == .max)
        #expect(try row.bytes(at: 4) == [])
        #expect(try row.text(at: 5).isEmpty)
        #expect(try row.truth(at: 6))
        #expect(row.isNull(at: 7))
        #expect(!row.isNull(at: 4))
    }

    @Test("sends arrays of any length, and nothing for NULL")
    func arrays() throws {
        var connection = try PostgresConnection(to: address)
        for count in [0, 1, 1_000] {
            let numbers = (0..<count).map { Int64($0) }
            let rows = try connection.run(
                PostgresQuery(
                    """
                    SELECT t.number, t.name, t.bytes FROM unnest($1::bigint[], $2::text[], $3::bytea[])
                    WITH ORDINALITY AS t(number, name, bytes, place) ORDER BY t.place
                    """,
                    .integers(numbers),
                    .texts(numbers.map { "n\($0)" }),
                    .byteStrings(numbers.map { $0 == 0 ? nil : [UInt8](repeating: 7, count: Int($0)) })
                )
            )
            #expect(rows.count == count)
            for place in 0..<count {
                #expect(try rows[place].integer(at: 0) == Int64(place))
                #expect(try rows[place].text(at: 1) == "n\(place)")
                #expect(place == 0 ? rows[0].isNull(at: 2) : try rows[place].bytes(at: 2).count == place)
            }
        }
        let null = try connection.run(
            PostgresQuery(
                "SELECT $1::bigint IS NULL AND $2 IS NULL AND $3 IS NULL",
                .integer(nil),
                .text(nil),
                .bytes(nil)
            )
        )
        #expect(try null.first?.truth(at: 0) == true)
    }

    @Test("never takes one type for another")
    func mismatch() throws {
        var connection = try PostgresConnection(to: address)
        let row = try #require(try connection.run(PostgresQuery("SELECT 1, 'a', NULL::bytea, 1.5")).first)
        func code(_ read: () throws(PostgresError) -> Void) -> PostgresError.Code? {
            do throws(PostgresError) {
                try read()
                return nil
            } catch {
                return error.code
            }
        }
        #expect(
            code { () throws(PostgresError) in _ = try row.integer(at: 0) } == .mismatch,
            "four bytes are no bigint"
        )
        #expect(code { () throws(PostgresError) in _ = try row.bytes(at: 1) } == .mismatch)
        #expect(code { () throws(PostgresError) in _ = try row.bytes(at: 2) } == .mismatch)
        #expect(code { () throws(PostgresError) in _ = try row.text(at: 3) } == .mismatch)
        #expect(code { () throws(PostgresError) in _ = try row.text(at: 9) } == .mismatch)
    }

    @Test("runs several statements in one journey: all of them, or with an error none")
    func pipeline() throws {
        var connection = try PostgresConnection(to: address)
        _ = try connection.run(PostgresQuery("CREATE TABLE t (x bigint PRIMARY KEY)"))
        let insert: StaticString = "INSERT INTO t VALUES ($1)"
        let answers = try connection.run([
            PostgresQuery(insert, .integer(1)), PostgresQuery(insert, .integer(2)),
            PostgresQuery("SELECT count(*) FROM t"),
        ])
        #expect(answers.map(\.changes) == [1, 1, 1])
        #expect(try answers[2].first?.integer(at: 0) == 2)
        let error = refusal(
            &connection,
            [
                PostgresQuery("BEGIN"), PostgresQuery(insert, .integer(3)), PostgresQuery(insert, .integer(1)),
                PostgresQuery("COMMIT"),
            ]
        )
        #expect(error?.isConstraint == true)
        #expect(error?.sql == "INSERT INTO t VALUES ($1)")
        #expect(error?.description.contains("(1)") == false, "a value is in the error")
        let isOpen = connection.isInTransaction
        #expect(isOpen)
        _ = try connection.run(PostgresQuery("ROLLBACK"))
        #expect(try connection.run(PostgresQuery("SELECT count(*) FROM t")).first?.integer(at: 0) == 2)
        #expect(refusal(&connection, [PostgresQuery("SELECT nonsense")])?.code == .server("42703"))
        #expect(
            refusal(&connection, [PostgresQuery("SELECT nonsense")])?.code == .server("42703"),
            "it was never compiled"
        )
        let isBroken1 = connection.isBroken
        #expect(!isBroken1)
    }

    @Test("tells the server its limits, and waits no longer than they say")
    func limits() throws {
        var limits = PostgresLimits()
        limits.statement = .milliseconds(200)
        limits.idleTransaction = .milliseconds(100)
        var connection = try PostgresConnection(to: address, limits)
        #expect(refusal(&connection, [PostgresQuery("SELECT pg_sleep(5)")])?.code == .server("57014"))
        let isBroken2 = connection.isBroken
        #expect(!isBroken2)
        _ = try connection.run(PostgresQuery("BEGIN"))
        var other = try PostgresConnection(to: address)
        _ = try other.run(PostgresQuery("SELECT pg_sleep(0.5)"))
        connection.listen()
        let isBroken3 = connection.isBroken
        #expect(isBroken3, "the server lets no transaction stand idle")
    }

    @Test("to a place where nobody answers fails with the reason, and shows no password")
    func unreachable() {
        let error = #expect(throws: PostgresError.self) {
            _ = try PostgresConnection(to: try PostgresAddress("postgresql://u@127.0.0.1:1/d?passfile=/none"))
        }
        #expect(error?.code == .connection)
        #expect(error?.message.contains("refused") == true, "\(String(describing: error))")
    }

    @Test("passes over a host that answers nothing, for the next that is named")
    func nextHost() throws {
        let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(silent) }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = try FreePort.next().bigEndian
        place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafePointer(to: &place) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(silent, $0, size) == 0 }
        }
        try #require(isBound && listen(silent, 8) == 0)
        var limits = PostgresLimits()
        limits.connect = .seconds(2)
        let (host, port) = (address.parameters["host"] ?? "", address.parameters["port"] ?? "")
        let both = address.with("host", "127.0.0.1,\(host)").with(
            "port",
            "\(UInt16(bigEndian: place.sin_port)),\(port)"
        )
        var connection = try PostgresConnection(to: both, limits)
        #expect(try connection.run(PostgresQuery("SELECT 1::bigint")).first?.integer(at: 0) == 1)
    }

    @Test("takes its password from a file")
    func passfile() throws {
        let scratch = try ScratchDirectory()
        let url = try PostgresCluster.shared.get().url(of: address, passfile: scratch.file("pgpass"))
        var connection = try PostgresConnection(to: try PostgresAddress(url))
        #expect(try connection.run(PostgresQuery("SELECT current_user::text")).first?.text(at: 0) == "jobpass")
        let without = try PostgresAddress(url).with("passfile", scratch.file("none"))
        #expect(throws: PostgresError.self) { _ = try PostgresConnection(to: without) }
    }

    private func refusal(_ connection: inout PostgresConnection, _ queries: [PostgresQuery]) -> PostgresError? {
        do throws(PostgresError) {
            _ = try connection.run(queries)
            return nil
        } catch {
            return error
        }
    }
}
