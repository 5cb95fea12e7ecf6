import Crypto
import Encoding
import Ledger
import Support
import Testing
import Time

@Suite("An entry's canonical bytes")
struct EntryTests {
    @Test("bytes of the vectors are read and written as they are", arguments: try Vectors.all("entries.json"))
    func vectors(_ vector: Vector) throws {
        let bytes = try Hex.decode(try vector.text("bytes"))
        #expect(try Leaf(bytes: bytes).bytes() == bytes)
    }

    @Test("every field of the vectors is where the table says")
    func fields() throws {
        let vector = try #require(try Vectors.all("entries.json").first { $0.name == "every field" })
        let leaf = try Leaf(bytes: Hex.decode(vector.text("bytes")))
        var entry = Entry(.fallbackUsed, .succeeded, trace: "0af7651916cd43dd8448eb211c80319c")
        entry.run = "run_1"
        entry.principal = "runner-fleet"
        entry.address = "192.0.2.7"
        entry.issuer = "https://ci.example.com"
        entry.kid = "kid-1"
        entry.audience = "sts.amazonaws.com"
        entry.jti = "jti-1"
        entry.expires = UnixTime(milliseconds: 1_795_340_100_000)
        entry.tokenSHA256 = SHA256Digest(bytes: Array(0..<32))
        entry.claims = Array(#"{"sub":"project:acme/web"}"#.utf8)
        entry.target = "aws-prod"
        entry.context = "aws-legacy"
        entry.secret = "AWS_KEY"
        entry.version = 7
        entry.credential = "ASIAEXAMPLE"
        entry.session = "jobpass-run_1"
        entry.rule = "targets.aws-prod.allow[0]"
        entry.reason = "weil es ging — über STS"
        entry.cause = "AccessDenied: no"
        #expect(leaf.entry == entry)
        #expect(leaf.time == UnixTime(milliseconds: 1_795_339_800_123))
        #expect(leaf.salt == Array(0..<16))
    }

    @Test("every kind and outcome has a number of its own, and its name in the contract")
    func codes() {
        #expect(Set(EntryKind.allCases.map(\.code)) == Set(1...26))
        #expect(EntryKind.allCases.allSatisfy { EntryKind(code: $0.code) == $0 })
        #expect(Outcome.allCases.allSatisfy { Outcome(code: $0.code) == $0 })
        #expect(EntryKind(code: 0) == nil)
        #expect(EntryKind(code: 27) == nil)
        #expect(Outcome(code: 0) == nil)
        #expect(Outcome(code: 5) == nil)
        let names = """
            run.registered run.ended token.issued token.denied exchange.succeeded exchange.denied exchange.refused \
            exchange.failed fallback.used credential.revoked secret.read secret.denied secret.changed key.changed \
            config.loaded federation.accepted federation.denied admin.denied output.unmasked ledger.pruned \
            probe.sent probe.refused probe.accepted probe.failed revocation.made revocation.lifted
            """
        #expect(EntryKind.allCases.map(\.rawValue).joined(separator: " ") == names)
    }

    @Test("no byte can be changed without a refusal or another reading")
    func everyByteCounts() throws {
        let vector = try #require(try Vectors.all("entries.json").first)
        let bytes = try Hex.decode(vector.text("bytes"))
        let leaf = try Leaf(bytes: bytes)
        for place in bytes.indices {
            for flip in [0x01, 0x80] as [UInt8] {
                var changed = bytes
                changed[place] ^= flip
                guard let other = try? Leaf(bytes: changed) else { continue }
                #expect(other != leaf)
                #expect(try other.bytes() == changed, "what parses is written as it was")
            }
        }
    }

    @Test("no beginning of an entry is an entry, but where a field ends")
    func everyCut() throws {
        let vector = try #require(try Vectors.all("entries.json").first)
        let bytes = try Hex.decode(vector.text("bytes"))
        var whole = 0
        for count in 0..<bytes.count {
            guard let leaf = try? Leaf(bytes: Array(bytes.prefix(count))) else { continue }
            #expect(try leaf.bytes() == Array(bytes.prefix(count)))
            whole += 1
        }
        #expect(whole == 19, "one for each field but the last")
    }

    @Test("bytes that are no entry are refused", arguments: Malformed.all)
    func malformed(_ bytes: Malformed) {
        let error = #expect(throws: LedgerError.self) { try Leaf(bytes: bytes.bytes) }
        #expect(error?.code == .malformedEntry)
    }

    @Test("an entry of 65,535 bytes is recorded, one of a byte more is refused")
    func largest() async throws {
        var entry = Entry(.tokenIssued, .succeeded, trace: "t")
        // 28 bytes before the fields, 4 for the trace, 3 before the claims.
        entry.claims = [UInt8](repeating: 0x20, count: Leaf.largest - 28 - 4 - 3)
        #expect(try await Self.recorded(entry).bytes().count == Leaf.largest)
        for count in [Leaf.largest - 28 - 4 - 2, 70_000] {
            entry.claims = [UInt8](repeating: 0x20, count: count)
            let tooLarge = entry
            let error = await #expect(throws: LedgerError.self) { try await Self.recorded(tooLarge) }
            #expect(error?.code == .entryTooLarge)
        }
    }

    @Test(
        "of a long reason or cause the beginning is recorded, cut between characters",
        arguments: [("x", 4_093), ("é", 2_046), ("€", 1_364), ("🔑", 1_023)]
    )
    func longText(_ character: String, _ kept: Int) async throws {
        var entry = Entry(.exchangeRefused, .refused, trace: "t")
        entry.reason = String(repeating: character, count: 5_000)
        entry.cause = String(repeating: character, count: Entry.longestText / character.utf8.count)
        let recorded = try await Self.recorded(entry).entry
        #expect(recorded.reason == String(repeating: character, count: kept) + "…")
        #expect(recorded.cause == entry.cause, "what fits is not cut")
    }

    /// An entry as a ledger stores it.
    private static func recorded(_ entry: Entry) async throws -> Leaf {
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        try harness.create()
        let receipt = try await harness.open().record(entry)
        let stored = try harness.storage.entries(in: receipt.index..<receipt.index + 1)
        return try Leaf(bytes: try #require(stored.first).bytes)
    }
}

/// Bytes that are no entry, and why.
struct Malformed: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]

    init(_ why: String, _ change: (inout [UInt8]) -> Void) {
        testDescription = why
        // Version, salt, time, kind 3, outcome 1, trace "t", run "r".
        var bytes: [UInt8] = [1] + .init(repeating: 0, count: 16) + [0, 0, 1, 0, 0, 0, 0, 0] + [0, 3, 1]
        bytes += [1, 0, 1, 0x74, 2, 0, 1, 0x72]
        change(&bytes)
        self.bytes = bytes
    }

    static let all = [
        Malformed("nothing") { $0 = [] },
        Malformed("no fields") { $0.removeLast(8) },
        Malformed("version 0") { $0[0] = 0 },
        Malformed("version 2") { $0[0] = 2 },
        Malformed("a time of 2^63") { $0[17] = 0x80 },
        Malformed("an unknown kind") { $0[26] = 99 },
        Malformed("an unknown outcome") { $0[27] = 9 },
        Malformed("no trace") { $0.removeSubrange(28..<32) },
        Malformed("fields out of order") { $0 = Array($0[..<28] + $0[32...] + $0[28..<32]) },
        Malformed("a field twice") { $0 += [2, 0, 1, 0x72] },
        Malformed("tag 0") { $0 += [0, 0, 0] },
        Malformed("an unknown tag") { $0 += [22, 0, 1, 0x72] },
        Malformed("a length beyond the end") { $0[34] = 2 },
        Malformed("a tag alone at the end") { $0.append(3) },
        Malformed("text that is no UTF-8") { $0[35] = 0xFF },
        Malformed("a version of 7 bytes") { $0 += [15, 0, 7] + .init(repeating: 0, count: 7) },
        Malformed("an expiry of 2^63") { $0 += [9, 0, 8, 0x80] + .init(repeating: 0, count: 7) },
        Malformed("a hash of 31 bytes") { $0 += [10, 0, 31] + .init(repeating: 0, count: 31) },
        Malformed("a reason longer than is written") { $0 += [19, 0x10, 1] + .init(repeating: 0x20, count: 4_097) },
        Malformed("65,536 bytes") { $0 += [11, 0xFF, 0xD9] + .init(repeating: 0x20, count: 0xFFD9) },
    ]
}
