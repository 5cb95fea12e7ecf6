import Auditing
import Crypto
import Encoding
import JSON
import Ledger
import Support
import Testing
import Time

@Suite("The audit log")
struct AuditLogTests {
    private let storage = MemoryLedgerStorage()
    private let harness: LedgerHarness
    private let ledger: Ledger
    private var log: AuditLog { AuditLog(storage: storage) }

    init() throws {
        harness = try LedgerHarness(storage: storage)
        try harness.create()
        ledger = try harness.open()
    }

    @Test(
        "finds by every filter, and by several at once, the newest first",
        arguments: [
            ("", [5, 4, 3, 2, 1, 0]), ("kind=token.issued", [2, 1, 0]), ("kind=key.changed", []),
            ("outcome=denied", [3]),
            ("outcome=failed", [4]), ("project=acme/web", [3, 1, 0]), ("project=acme", []),
            ("workflow=deploy", [3, 2, 1, 0]),
            ("job=release", [3, 2, 1, 0]), ("ref=refs/heads/main", [3, 2, 1, 0]),
            ("subject=project:acme/api:ref:refs/heads/main:workflow:deploy:job:release", [2]),
            ("audience=sts.amazonaws.com", [3, 2, 1, 0]), ("target=aws-prod", [5, 4]), ("context=aws-legacy", [5]),
            ("secret=AWS_KEY", [5]), ("run=run_1", [1]), ("principal=fleet", [4]), ("jti=jti-2", [2]),
            ("trace=trace-0", [0]),
            ("token_sha256=\(SHA256.hash("token 1").hex)", [1]), ("project=acme/web&kind=token.denied", [3]),
            ("project=acme/api&kind=token.denied", []), ("target=aws-prod&context=aws-legacy&outcome=succeeded", [5]),
            ("since=2026-11-22T09:30:02Z", [5, 4, 3, 2]), ("until=2026-11-22T09:30:02Z", [1, 0]),
            ("since=2026-11-22T09:30:01Z&until=2026-11-22T09:30:04Z", [3, 2, 1]), ("since=2026-11-23", []),
            ("until=2026-11-22", []), ("since=2026-11-22T09:30:03.001Z", [5, 4]), ("limit=2", [5, 4]),
            ("cursor=2", [1, 0]),
            ("cursor=2&since=2026-11-22T09:30:01Z", [1]), ("cursor=99", [5, 4, 3, 2, 1, 0]), ("cursor=0", []),
        ] as [(String, [UInt64])]
    )
    func filters(_ text: String, _ indexes: [UInt64]) async throws {
        try await recordSix()
        let page = try log.entries(matching: AuditQuery(Form(parsing: text)))
        #expect(page.indexes == indexes)
        #expect(page.next == (text == "limit=2" ? 4 : nil))
    }

    @Test("pages without a gap or a double while entries arrive")
    func paging() async throws {
        try await ledger.record(tokens: 250)
        var query = AuditQuery()
        query.limit = 40
        var seen: [UInt64] = []
        while true {
            let page = try log.entries(matching: query)
            #expect(page.records.count <= 40)
            seen += page.indexes
            try await ledger.record(tokens: 3)
            guard let next = page.next else { break }
            query.cursor = next
        }
        #expect(seen == (0..<250).reversed())
    }

    @Test("looks at a bounded number of entries a call, and says where to go on")
    func bounded() async throws {
        var first = Entry(.configLoaded, .succeeded, trace: "first")
        first.reason = "the needle"
        _ = try await ledger.record(first)
        try await ledger.record(tokens: Int(AuditLog.scanned) + 10)
        var query = AuditQuery()
        query.kind = .configLoaded
        let page = try log.entries(matching: query)
        #expect(page.records.isEmpty)
        #expect(page.next == 11)
        query.cursor = page.next
        let last = try log.entries(matching: query)
        #expect(last.indexes == [0])
        #expect(last.next == nil)
    }

    @Test("lists what cannot be read, whatever was asked for")
    func unreadable() async throws {
        try await recordSix()
        storage.tamper { contents in
            contents.entries[1] = nil
            contents.entries[2] = [9, 9, 9]
        }
        for text in [
            "kind=key.changed", "since=2026-11-22T09:30:01Z&run=nobody", "until=2026-11-22T09:30:03Z&run=nobody",
        ] {
            let page = try log.entries(matching: AuditQuery(Form(parsing: text)))
            #expect(page.indexes == [2, 1], "\(text)")
            #expect(page.records.allSatisfy { $0.json["error"]?.asString?.isEmpty == false })
        }
    }

    @Test("gives a page under the contract's names")
    func pageJSON() async throws {
        #expect(try log.entries(matching: AuditQuery()).json.text == #"{"entries":[],"next":null}"#)
        let entry = Entry(.configLoaded, .succeeded, trace: "t")
        _ = try await ledger.record(entry)
        _ = try await ledger.record(entry)
        var query = AuditQuery()
        query.limit = 1
        #expect(
            try log.entries(matching: query).json.text == """
                {"entries":[{"index":1,"time":"2026-11-22T09:30:00Z","kind":"config.loaded","outcome":"succeeded","trace":"t"}],\
                "next":"1"}
                """
        )
    }

    @Test("shows every fact of an entry under its name")
    func entryJSON() async throws {
        let vector = try Leaf(bytes: Hex.decode(Self.everyField))
        let view = try EntryView(StoredEntry(index: 7, bytes: vector.bytes()))
        #expect(
            view.json == [
                "index": 7, "time": "2026-11-22T09:30:00.123Z", "kind": "fallback.used", "outcome": "succeeded",
                "trace": "0af7651916cd43dd8448eb211c80319c", "run": "run_1", "principal": "runner-fleet",
                "address": "192.0.2.7", "issuer": "https://ci.example.com", "kid": "kid-1",
                "audience": "sts.amazonaws.com",
                "jti": "jti-1", "expires_at": "2026-11-22T09:35:00Z",
                "token_sha256": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                "claims": ["sub": "project:acme/web"], "target": "aws-prod", "context": "aws-legacy",
                "secret": "AWS_KEY",
                "version": 7, "credential": "ASIAEXAMPLE", "session": "jobpass-run_1",
                "rule": "targets.aws-prod.allow[0]",
                "reason": "weil es ging — über STS", "cause": "AccessDenied: no",
            ]
        )
    }

    @Test("proves an entry to whoever has the key", arguments: [1, 2, 255, 256, 257, 700])
    func proofs(_ size: Int) async throws {
        try await ledger.record(tokens: size)
        for index in Set([0, size / 2, size - 1]) {
            let entry = try log.entry(at: UInt64(index))
            #expect(try entry.verify(by: ledger.verifier).size == UInt64(size))
            let json = entry.json
            #expect(json["entry"] == (try entry.view().json))
            #expect(json["entry"]?["index"]?.asInteger == Int64(index))
            #expect(json["checkpoint"]?.asString == String(decoding: ledger.checkpoint, as: UTF8.self))
            let leaf = try Base64.decode(try #require(json["leaf"]?.asString))
            #expect(leaf == entry.stored.bytes)
            let path = try #require(json["proof"]?.asArray).map { element in
                let bytes = try Base64.decode(try #require(element.asString))
                return try #require(SHA256Digest(bytes: bytes))
            }
            let root = try Checkpoint(note: ledger.checkpoint, verifiedBy: ledger.verifier).root
            #expect(
                MerkleProof.verifyInclusion(
                    of: Merkle.leafHash(leaf),
                    at: UInt64(index),
                    size: UInt64(size),
                    path: path,
                    root: root
                )
            )
        }
    }

    @Test("does not prove an entry that was changed, nor one by another key")
    func unproved() async throws {
        try await ledger.record(tokens: 300)
        let other = try LedgerHarness(storage: storage, seed: 1).signer.verifier
        let sound = try log.entry(at: 100)
        #expect(throws: AuditError.self) { try sound.verify(by: other) }
        storage.tamper { $0.entries[100]?[60] ^= 1 }
        let changed = try log.entry(at: 100)
        let error = #expect(throws: AuditError.self) { try changed.verify(by: ledger.verifier) }
        #expect(error?.code == .unproved)
        #expect(error?.reason.contains("entry 100") == true)
        storage.tamper { $0.entries[100] = [1, 2] }
        #expect(try log.entry(at: 100).json["entry"]?["error"] != nil)
        storage.tamper { $0.entries[100] = nil }
        #expect(
            throws: AuditError(
                .unproved,
                "entry 100 is missing from the store, though the checkpoint of size 300 covers it"
            )
        ) {
            try log.entry(at: 100)
        }
        storage.tamper { $0.tiles = [:] }
        let missing = #expect(throws: AuditError.self) { try log.entry(at: 1) }
        #expect(missing?.code == .unproved)
    }

    @Test("says that there is no entry beyond the last")
    func beyond() async throws {
        let error = #expect(throws: AuditError.self) { try log.entry(at: 0) }
        #expect(error?.code == .notFound)
        _ = try await ledger.record(.token(0))
        #expect(throws: AuditError(.notFound, "there is no entry 1")) { try log.entry(at: 1) }
        #expect(throws: AuditError(.notFound, "there is no entry 18446744073709551615")) { try log.entry(at: .max) }
    }

    /// Three issued tokens, a denied one, a failed exchange and a fallback, a second apart.
    private func recordSix() async throws {
        var failed = Entry(.exchangeFailed, .failed, trace: "trace-4")
        failed.target = "aws-prod"
        failed.principal = "fleet"
        var fallback = Entry(.fallbackUsed, .succeeded, trace: "trace-5")
        fallback.target = "aws-prod"
        fallback.context = "aws-legacy"
        fallback.secret = "AWS_KEY"
        let entries: [Entry] = [
            .token(0), .token(1), .token(2, project: "acme/api"), .token(3, outcome: .denied), failed, fallback,
        ]
        for entry in entries {
            _ = try await ledger.record(entry)
            harness.clock.advance(by: .seconds(1))
        }
    }

    /// The bytes of the ledger's vector with every field, and one claim.
    private static var everyField: String {
        get throws {
            let tests = #filePath.dropLast("AuditingTests/AuditLogTests.swift".count)
            let vectors = try Vectors.all("entries.json", beside: "\(tests)LedgerTests/LedgerTests.swift")
            return try #require(vectors.first { $0.name == "every field" }).text("bytes")
        }
    }
}

extension AuditPage {
    fileprivate var indexes: [UInt64] {
        records.map { record in
            switch record {
            case .entry(let view): view.index
            case .unreadable(let index, _), .pruned(let index, _): index
            }
        }
    }
}
