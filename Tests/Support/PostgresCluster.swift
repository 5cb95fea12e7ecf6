internal import POSIX
package import Postgres
internal import Synchronization

/// A PostgreSQL server of the tests' own, which ends with them; in it each test has a database of its own.
package final class PostgresCluster: Sendable {
    /// The one that all tests share which leave it running.
    package static let shared = Result<PostgresCluster, any Error> { try PostgresCluster() }

    /// Where its files and its socket are.
    package let directory: String
    package let port: UInt16
    /// Its end is the server's, also where the tests are killed.
    private let leash: Pipe
    private let made = Atomic<Int>(0)

    /// Makes and starts a server, which takes some seconds.
    package init() throws {
        let number = try FreePort.next()
        port = number
        directory = "/tmp/jobpass-pg-\(UInt32.random(in: .min ... .max))"
        leash = try FileDescriptor.pipe()
        var answer = try FileDescriptor.pipe()
        let server = try Process(
            Self.script,
            ["run", directory, "\(number)"],
            environment: .current,
            input: .descriptor(leash.reading.number),
            output: answer.forOutput,
            error: .inherit
        )
        answer.closeWriting()
        // It stays as a process of its own: a child that ends and is waited for by nobody would be found again and again, in place
        // of its own, by who runs tests in a child.
        guard server.wait() == .exited(0) else { throw ClusterError.notStarted }
        let said = try answer.reading.read(atMost: 64, subject: "what the server says")
        guard String(decoding: said, as: UTF8.self) == "ready\n" else { throw ClusterError.notStarted }
    }

    /// Makes a database and answers where it is.
    package func database() throws -> PostgresAddress {
        let name = "test\(made.add(1, ordering: .relaxed).newValue)"
        try call("create", name)
        return try PostgresAddress("postgresql://jobpass@/\(name)?host=\(directory)&port=\(port)")
    }

    /// Where a database is over TCP, for who takes the password from a file.
    package func url(of database: PostgresAddress, passfile: String) throws -> String {
        try Files.replace(passfile, Array("127.0.0.1:\(port):*:jobpass:password of the tests\n".utf8))
        return "postgresql://jobpass@127.0.0.1:\(port)/\(database.parameters["dbname"] ?? "")?passfile=\(passfile)"
    }

    /// Ends every process of it at once.
    package func kill() throws { try call("kill") }

    /// Starts it again.
    package func start() throws { try call("start") }

    private func call(_ arguments: String...) throws {
        let line = [arguments[0], directory] + arguments.dropFirst()
        let process = try Process(Self.script, line, environment: .current, input: .null, output: .null)
        guard process.wait() == .exited(0) else { throw ClusterError.failed(arguments[0]) }
    }

    private static let script =
        "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/RelyingParties/postgres.sh"

    /// Why there is no server.
    package enum ClusterError: Error {
        case notStarted
        case failed(String)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ make: () throws -> Success) {
        do { self = .success(try make()) } catch { self = .failure(error) }
    }
}
