import Auditing
import Crypto
import Encoding
import JSON
import Ledger
import Support
import Testing
import Time

@Suite("An export")
struct ExportTests {
    private let storage = MemoryLedgerStorage()
    private let harness: LedgerHarness
    private let ledger: Ledger

    init() throws {
        harness = try LedgerHarness(storage: storage)
        try harness.create()
        ledger = try harness.open()
    }

    /// The lines of some entries against the present checkpoint, with the line that says so.
    private func lines(_ range: Range<UInt64>, header: Bool = true) throws -> [String] {
        let size = try #require(storage.head()).size
        let prover = MerkleProver(size: size) { address throws(LedgerError) in storage.tile(address) }
        let entries = try storage.entries(in: range).map { entry in
            ExportFormat.jsonl.line(entry, proof: try prover.inclusion(of: entry.index))
        }
        let first = ExportFormat.jsonl.header(range, checkpoint: ledger.checkpoint, key: ledger.verifier)
        return ((header ? [first] : []) + entries).map { String($0.dropLast()) }
    }

    private func read(
        _ lines: [String],
        _ key: VerifierKey? = nil,
        beginningWith kept: [[UInt8]] = []
    ) throws -> ExportReader {
        var reader = ExportReader(key, beginningWith: kept)
        for line in lines { try reader.take(Array(line.utf8)) }
        _ = try reader.finish()
        return reader
    }

    @Test("is verified by the key alone, whole and from any entry on")
    func whole() async throws {
        try await ledger.record(tokens: 300)
        #expect(try read(lines(0..<300), ledger.verifier).entries == 300)
        #expect(try read(lines(120..<300)).entries == 180)
        let other = try LedgerHarness(storage: MemoryLedgerStorage(), seed: 7).signer.verifier
        #expect(throws: AuditError.self) { try read(lines(0..<300), other) }
        #expect(throws: AuditError.self) { try read([]) }
    }

    @Test("goes on in parts, under a checkpoint that is newer by then, without a proof where it has every entry")
    func parts() async throws {
        try await ledger.record(tokens: 100)
        let first = try lines(0..<60)
        let rest = try lines(60..<100, header: false)
        #expect(try read(first + rest).entries == 100)
        let early = try lines(0..<100)
        try await ledger.record(tokens: 100)
        let late = try lines(100..<200)
        #expect(try read(early + late, ledger.verifier).entries == 200)
        // A part that is missing in between, and one that is there twice.
        #expect(throws: AuditError.self) { try read(first + late) }
        #expect(throws: AuditError.self) { try read(early + early) }
    }

    @Test("does not go on under the checkpoint of another history")
    func fork() async throws {
        try await ledger.record(tokens: 100)
        let early = try lines(0..<60)
        let other = MemoryLedgerStorage()
        let forked = try LedgerHarness(storage: other)
        try forked.create()
        let second = try forked.open()
        _ = try await second.record(batch: (1...200).map { Entry.token($0) })
        let prover = MerkleProver(size: 200) { address throws(LedgerError) in other.tile(address) }
        let header = ExportFormat.jsonl.header(60..<200, checkpoint: second.checkpoint, key: second.verifier)
        let late =
            try [String(header.dropLast())]
            + other.entries(in: 60..<200).map { entry in
                String(ExportFormat.jsonl.line(entry, proof: try prover.inclusion(of: entry.index)).dropLast())
            }
        let error = #expect(throws: AuditError.self) { try read(early + late, ledger.verifier) }
        #expect(error?.reason.contains("not those that an earlier checkpoint covers") == true, "\(error as Any)")
    }

    @Test("begins with what a kept checkpoint covers, or says that it does not or cannot be compared")
    func kept() async throws {
        try await ledger.record(tokens: 70)
        let kept = ledger.checkpoint
        try await ledger.record(tokens: 70)
        let newest = ledger.checkpoint
        #expect(try read(lines(0..<140), beginningWith: [newest, kept]).entries == 140)
        #expect(throws: AuditError.self, "it begins too late") { try read(lines(1..<140), beginningWith: [kept]) }
        #expect(throws: AuditError.self, "it ends too early") { try read(lines(0..<69), beginningWith: [kept]) }
        let whole = try lines(0..<140)
        try await ledger.record(tokens: 1)
        #expect(throws: AuditError.self, "it was cut short") { try read(whole, beginningWith: [ledger.checkpoint]) }
        let forked = try LedgerHarness(storage: MemoryLedgerStorage())
        try forked.create()
        let second = try forked.open()
        _ = try await second.record(batch: (1...70).map { Entry.token($0) })
        #expect(throws: AuditError.self, "another history") { try read(whole, beginningWith: [second.checkpoint]) }
    }

    @Test(
        "shows an entry to other programs as what it is",
        arguments: [
            (EntryKind.tokenIssued, Outcome.succeeded, 3_002, 3), (.runRegistered, .succeeded, 3_002, 1),
            (.runEnded, .succeeded, 3_002, 2), (.exchangeRefused, .refused, 3_003, 1),
            (.fallbackUsed, .succeeded, 3_003, 1),
            (.secretRead, .succeeded, 6_003, 2), (.keyChanged, .succeeded, 6_003, 3),
            (.ledgerPruned, .succeeded, 6_003, 99),
        ]
    )
    func events(_ kind: EntryKind, _ outcome: Outcome, _ type: Int64, _ activity: Int64) async throws {
        var entry = Entry(kind, outcome, trace: "trace-1")
        entry.target = "aws-prod"
        entry.reason = "because"
        entry.address = "192.0.2.7"
        _ = try await ledger.record(entry)
        let stored = try #require(storage.entries(in: 0..<1).first)
        let event = try JSON.parse(Array(ExportFormat.ocsf.line(stored, proof: []).utf8))
        #expect(event["class_uid"] == .integer(type))
        #expect(event["type_uid"] == .integer(type * 100 + activity))
        #expect(event["status"]?.asString == (outcome == .succeeded ? "Success" : "Failure"))
        #expect(event["status_detail"] == "because")
        #expect(event["src_endpoint"]?["ip"] == "192.0.2.7")
        #expect(event["time"]?.asInteger == harness.clock.wall().milliseconds)
        #expect(event["unmapped"]?["index"] == 0)
    }

    @Test("is a table whose cells no spreadsheet runs")
    func table() async throws {
        var entry = Entry(.adminDenied, .denied, trace: "t")
        entry.reason = "=HYPERLINK(\"http://x\"), \"quoted\""
        entry.principal = "-1+2"
        _ = try await ledger.record(entry)
        let stored = try #require(storage.entries(in: 0..<1).first)
        let row = ExportFormat.csv.line(stored, proof: [])
        #expect(row.hasSuffix("\r\n"))
        #expect(row.contains(",'-1+2,"))
        #expect(row.contains(#","'=HYPERLINK(""http://x""), ""quoted""","#))
        let head = ExportFormat.csv.header(0..<1, checkpoint: [], key: ledger.verifier)
        #expect(head.split(separator: ",").count == 32)
    }
}
