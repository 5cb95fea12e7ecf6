import Postgres
import Testing

@Suite("An address of PostgreSQL")
struct AddressTests {
    @Test(
        "shows what may be shown",
        arguments: [
            ("postgresql://jobpass@db.example.com/jobpass", "postgresql://jobpass@db.example.com/jobpass"),
            ("postgres://a@h1:5433,h2:5434/d?sslmode=verify-full", "postgresql://a@h1,h2:5433,5434/d"),
            ("host=/run/postgresql dbname=d user=u passfile=/secret/place", "postgresql://u@/run/postgresql/d"),
        ]
    )
    func description(_ text: String, _ shown: String) throws {
        #expect(try "\(PostgresAddress(text))" == shown)
    }

    @Test(
        "that holds a password is refused without showing it",
        arguments: [
            "postgresql://jobpass:hunter2@db/jobpass", "postgresql://db/jobpass?password=hunter2",
            "host=db password=hunter2", "postgresql://db/jobpass?sslpassword=hunter2",
        ]
    )
    func password(_ text: String) {
        let error = #expect(throws: PostgresError.self) { try PostgresAddress(text) }
        #expect(error?.code == .address)
        #expect(error?.description.contains("hunter2") == false)
        #expect(error?.description.contains("passfile") == true)
    }

    @Test(
        "that is none is refused",
        arguments: ["postgresql://h/d?colour=hunter2", "hunter2", "postgresql://[hunter2"]
    )
    func malformed(_ text: String) {
        let error = #expect(throws: PostgresError.self) { try PostgresAddress(text) }
        #expect(error?.code == .address)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test(
        "knows whether it leads to this machine",
        arguments: [
            ("host=/run/postgresql", true), ("postgresql://localhost/d", true), ("host=127.0.0.1", true),
            ("postgresql:///d", true), ("host=@jobpass", true), ("host=127.evil.example", false),
            ("host=127.0.0.1.example", false), ("postgresql://db.example.com/d", false),
            ("postgresql://localhost,db/d", false),
        ]
    )
    func local(_ text: String, _ isLocal: Bool) throws { #expect(try PostgresAddress(text).isLocal == isLocal) }
}
