import Auditing
import Crypto
import Encoding
import JSON
import Ledger
import Support
import Testing
import Time

@Suite("The index")
struct IndexTests {
    private let storage = MemoryLedgerStorage()
    private let rows = MemoryIndexStorage()
    private let harness: LedgerHarness
    private let ledger: Ledger
    // One index through a test, as through a broker's life: it remembers the entries behind it.
    private let index: AuditIndex
    private var log: AuditLog { AuditLog(storage: storage, index: index) }

    init() throws {
        harness = try LedgerHarness(storage: storage)
        try harness.create()
        ledger = try harness.open()
        index = AuditIndex(storage: rows, of: storage)
    }

    private func record(_ count: Int, from first: Int = 0) async throws {
        for start in stride(from: first, to: first + count, by: 4_096) {
            let entries = (start..<min(start + 4_096, first + count)).map { number in
                var entry = Entry.token(
                    number,
                    project: "acme/p\(number % 7)",
                    outcome: number % 11 == 0 ? .denied : .succeeded
                )
                if number % 13 == 0 { entry.target = "aws-\(number % 3)" }
                return entry
            }
            _ = try await ledger.record(batch: entries)
            harness.clock.advance(by: .seconds(1))
        }
    }

    private func catchUp() throws { while try index.advance() {} }

    /// A query, and which numbers it finds.
    private static let questions: [(String, @Sendable (Int) -> Bool)] = [
        ("project=acme/p3", { $0 % 7 == 3 }), ("outcome=denied", { $0 % 11 == 0 }), ("jti=jti-77", { $0 == 77 }),
        ("trace=trace-65536", { $0 == 65_536 }), ("target=aws-1", { $0 % 13 == 0 && $0 % 3 == 1 }),
        ("kind=token.denied&project=acme/p5", { $0 % 11 == 0 && $0 % 7 == 5 }),
        ("target=aws-2&outcome=denied", { $0 % 143 == 0 && $0 % 3 == 2 }), ("run=run_2047", { $0 == 2_047 }),
        ("run=run_2048", { $0 == 2_048 }), ("token_sha256=\(SHA256.hash("token 66000").hex)", { $0 == 66_000 }),
        ("project=nothing", { _ in false }),
        ("target=aws-1&until=2026-11-22T09:30:05Z", { $0 % 13 == 0 && $0 % 3 == 1 && $0 < 5 * 4_096 }),
        (
            "project=acme/p3&since=2026-11-22T09:30:03Z&until=2026-11-22T09:30:16Z",
            { $0 % 7 == 3 && (3 * 4_096..<16 * 4_096).contains($0) }
        ),
    ]

    @Test("finds all that is there, by one filter and by several, page after page, at every depth of indexing")
    func equality() async throws {
        try await record(68_000)
        var depth = 0
        for stop in [9, 33] {
            for _ in depth..<stop { #expect(try index.advance()) }
            depth = stop
            for (text, isWanted) in Self.questions where depth > 31 || text.hasPrefix("target") {
                var query = try AuditQuery(Form(parsing: text))
                query.limit = 700
                let wanted = (0..<68_000).filter(isWanted).map { UInt64($0) }
                #expect(try all(log, query) == wanted.reversed(), "\(text) at \(depth)")
            }
        }
        #expect(rows.state().size == 67_584)
    }

    private func all(_ log: AuditLog, _ query: AuditQuery) throws -> [UInt64] {
        var query = query
        var found: [UInt64] = []
        while true {
            let page = try log.entries(matching: query)
            found += page.records.map(\.index)
            guard let next = page.next else { return found }
            #expect(query.cursor.map { next < $0 } ?? true, "a page that leads nowhere")
            query.cursor = next
        }
    }

    @Test("remembers the newest entries, and forgets none that arrives, is indexed or is read a second time")
    func tail() async throws {
        var number = 0
        for (arriving, isIndexed) in [
            (700, false), (0, false), (900, false), (2_600, true), (10, false), (9_000, false), (5, true),
        ] {
            try await record(arriving, from: number)
            number += arriving
            if isIndexed { try catchUp() }
            for (text, isWanted) in Self.questions where !text.contains("since") && !text.contains("until") {
                var query = try AuditQuery(Form(parsing: text))
                query.limit = 37
                let wanted = (0..<number).filter(isWanted).map { UInt64($0) }
                #expect(try all(log, query) == wanted.reversed(), "\(text) of \(number)")
            }
        }
    }

    @Test("an entry that is not indexed and cannot be read is shown, whatever is asked")
    func unreadableTail() async throws {
        try await record(50)
        storage.tamper { $0.entries[17] = nil }
        let query = try AuditQuery(Form(parsing: "project=acme/p3"))
        for _ in 1...2 {
            let found = try log.entries(matching: query).records.map { Int($0.index) }
            let wanted: [Int] = (0..<50).filter { $0 % 7 == 3 || $0 == 17 }
            #expect(found == wanted.reversed())
        }
    }

    @Test("answers a rare filter in one page, however far back the entry is")
    func rare() async throws {
        var needle = Entry(.configLoaded, .succeeded, trace: "needle")
        needle.reason = "the needle"
        _ = try await ledger.record(needle)
        try await record(30_000)
        try catchUp()
        var query = AuditQuery()
        query.kind = .configLoaded
        let page = try log.entries(matching: query)
        #expect(page.records.map(\.index) == [0])
        #expect(page.next == nil)
    }

    @Test("stays stable over pages while entries arrive and are indexed")
    func paging() async throws {
        try await record(5_000)
        var query = try AuditQuery(Form(parsing: "outcome=denied&limit=40"))
        var seen: [UInt64] = []
        var number = 5_000
        while true {
            let page = try log.entries(matching: query)
            seen += page.records.map(\.index)
            try await record(700, from: number)
            number += 700
            try catchUp()
            guard let next = page.next else { break }
            query.cursor = next
        }
        let wanted: [UInt64] = stride(from: 0, to: 5_000, by: 11).map { UInt64($0) }
        #expect(seen == wanted.reversed())
    }

    @Test(
        "shows an entry that could not be read when it was indexed in every answer, and begins anew on another ledger"
    )
    func unreadable() async throws {
        try await record(4_096)
        storage.tamper { contents in
            contents.entries[100] = nil
            contents.entries[200] = [1, 2, 3]
        }
        try catchUp()
        var query = AuditQuery()
        query.run = "run_300"
        #expect(try all(log, query) == [300, 200, 100])
        try index.check()
        #expect(rows.state().size == 4_096)
        storage.tamper { $0.tiles[TileAddress(level: 0, number: 15)]?[8191] ^= 1 }
        try index.check()
        #expect(rows.state() == .empty)
    }

    @Test("says that it is damaged, and never answers out of a damaged row", arguments: [1, 5])
    func damaged(_ cut: Int) async throws {
        try await record(2_048)
        try catchUp()
        rows.tamper { rows in rows = rows.mapValues { Array($0.dropLast(cut)) } }
        var query = AuditQuery()
        query.run = "run_300"
        let error = #expect(throws: AuditError.self) { try log.entries(matching: query) }
        #expect(error?.code == .storage)
    }

    @Test("counts entries by day, and by hour")
    func tallies() async throws {
        try await record(4_096)
        try catchUp()
        let tallies = rows.tallies(days: 0..<100_000)
        #expect(tallies.days.values.reduce(0, +) == 4_096)
        #expect(tallies.hours.values.reduce(0, +) == 4_096)
        let denied = tallies.days.filter { $0.key.outcome == "denied" && $0.key.project == "acme/p0" }
        let wanted = stride(from: 0, to: 4_096, by: 77).reduce(Int64(0)) { count, _ in count + 1 }
        #expect(denied.values.reduce(0, +) == wanted)
    }

    @Test("finds claims that are written with escapes, and none that are nested in another")
    func escapes() async throws {
        var first = Entry.token(0)
        first.claims = Array(#"{"project":"acme/\u00fc\"x","job_claims":{"job":"inner"},"job":"outer"}"#.utf8)
        var second = Entry.token(1)
        second.claims = Array(
            #"{"job_claims":{"a\"b":["job","inner",{"job":"inner"}]},"job":"plain","n":1,"project":"p"}"#.utf8
        )
        _ = try await ledger.record(batch: [first, second])
        try await record(2_046, from: 2)
        try catchUp()
        for (text, wanted) in [("project=acme/ü\"x", [0]), ("job=outer", [0]), ("job=inner", []), ("job=plain", [1])]
            as [(String, [UInt64])]
        {
            let parts = text.split(separator: "=").map(String.init)
            let query = try AuditQuery(Form([.init(parts[0], parts[1])]))
            #expect(try all(log, query) == wanted, "\(text)")
        }
    }
}

extension AuditRecord {
    fileprivate var index: UInt64 {
        switch self {
        case .entry(let view): view.index
        case .unreadable(let index, _), .pruned(let index, _): index
        }
    }
}
