internal import Configuration
internal import EventLoop
internal import Exchange
internal import HTTP
internal import HTTPClient
internal import JSON
internal import Ledger
internal import POSIX
internal import Stores

/// Where a ledger is read from by those who check it: a broker's interface, or its store.
enum LedgerSource: Sendable {
    case store(any BrokerStore)
    case broker(RemoteLedger)

    /// Opens what a call means: the store of `--config`, else the broker of `--url` or JOBPASS_URL.
    init(_ invocation: Invocation, on loop: EventLoop) throws {
        if invocation[ConfigurationFile.option] != nil {
            self = .store(try OpenedStore.open(try ConfigurationFile(invocation).settings))
        } else {
            self = .broker(try RemoteLedger(invocation, on: loop))
        }
    }

    /// The options that say which ledger is meant.
    static let options =
        [
            Option.value(
                "config",
                "FILE",
                "read the store that this configuration names, on the broker's own host, instead of asking a broker",
                letter: "c",
                kind: .file
            )
        ] + BrokerOptions.all

    /// The newest signed checkpoint.
    func checkpoint() async throws -> [UInt8] {
        switch self {
        case .store(let store):
            guard let head = try store.head() else { throw CommandError(.badData, "the store has no ledger") }
            return head.checkpoint
        case .broker(let remote): return try await remote.get("log", "checkpoint")
        }
    }

    /// The newest checkpoint that witnesses have cosigned, with their cosignatures; nil where none has.
    func witnessed() async throws -> [UInt8]? {
        switch self {
        case .store(let store):
            let note = try store.witnessedCheckpoint()
            return note.isEmpty ? nil : note
        case .broker(let remote): return try await remote.find("log", "witnessed")
        }
    }

    /// Hashes of a tile, as many as a tree of this size has there.
    func tile(_ address: TileAddress, under size: UInt64) async throws -> [UInt8] {
        let width = address.width(inTreeOf: size)
        guard width > 0 else { return [] }
        switch self {
        case .store(let store): return try store.tile(address) ?? []
        case .broker(let remote):
            return try await remote.get(TilePath(.hashes(level: address.level), number: address.number, width: width))
        }
    }

    /// The entries of the tile of leaves with a number, as many as a tree of this size has there.
    func entries(_ number: UInt64, under size: UInt64) async throws -> [StoredEntry] {
        let first = number << 8
        let width = TileAddress(level: 0, number: number).width(inTreeOf: size)
        guard width > 0 else { return [] }
        switch self {
        case .store(let store): return try store.entries(in: first..<first + UInt64(width))
        case .broker(let remote):
            let bytes = try await remote.get(TilePath(.entries, number: number, width: width))
            guard let entries = EntryBundle.entries(bytes, from: first) else {
                throw CommandError(.badData, "the bundle of entries from \(first) on cannot be read")
            }
            return entries
        }
    }
}

extension LedgerSource {
    /// Verifies every entry, every tile and their order up to a checkpoint, and shows each bundle that holds.
    ///
    /// - Throws: `LedgerError` that names the first entry that is wrong.
    func walk(to checkpoint: Checkpoint, _ visit: ([StoredEntry]) -> Void = { _ in }) async throws -> LedgerWalk {
        var walk = LedgerWalk()
        while walk.size < checkpoint.size {
            let number = walk.size >> 8
            let end = min(walk.size + 256, checkpoint.size)
            let tile = try await tile(TileAddress(level: 0, number: number), under: checkpoint.size)
            let entries = try await entries(number, under: checkpoint.size)
            for computed in try walk.take(entries, upTo: end, tile: tile) {
                try walk.compare(computed, with: try await self.tile(computed.address, under: checkpoint.size))
            }
            visit(entries)
        }
        try walk.finish(at: checkpoint)
        return walk
    }
}

/// A broker's ledger, read over HTTP with an auditor's token.
final class RemoteLedger: Sendable {
    private let client: BrokerClient

    init(_ invocation: Invocation, on loop: EventLoop) throws {
        let address = try BrokerAddress(invocation)
        let identity = try BrokerSession.principal(invocation.environment, at: address)
        client = BrokerClient(address, as: identity, over: HTTPClient(on: loop), pacing: Pacing(on: loop))
    }

    func get(_ path: TilePath) async throws -> [UInt8] {
        try await client.answer(.get, ["log", "tile"] + path.segments)
    }

    func get(_ path: String...) async throws -> [UInt8] { try await client.answer(.get, path) }

    /// What is at a path; nil where nothing is.
    func find(_ path: String...) async throws -> [UInt8]? {
        let answer = try await client.response(.get, path)
        return answer.status == 404 ? nil : try client.checked(answer)
    }
}

/// The key by which an auditor verifies a ledger.
enum AuditKey {
    static let option = Option.value(
        "key",
        "KEY",
        "the ledger's verifier key, NAME+ID+KEY, or a file that holds it, as you got it from elsewhere"
    )

    /// The key that a call names; else the ledger's own, which proves less, and a warning says so.
    static func find(_ invocation: Invocation, _ source: LedgerSource) async throws -> VerifierKey {
        if let given = try given(invocation) { return given }
        if invocation[ConfigurationFile.option] != nil {
            let settings = try ConfigurationFile(invocation).settings
            let signer = try CheckpointSigner(
                name: try KeyName(settings.ledger.origin),
                key: try KeyFiles(settings).checkpointKey()
            )
            return signer.verifier
        }
        guard case .broker(let remote) = source else { throw CommandError.usage("\(invocation.label)--key is missing") }
        Console(invocation.environment).warning(
            "the key is the one that the broker itself gives: who rewrote the ledger could give another; use --key"
        )
        return try VerifierKey(trimmed: try await remote.get("log", "key"))
    }

    /// The key that a call names; nil where it names none.
    static func given(_ invocation: Invocation) throws -> VerifierKey? {
        guard let text = invocation[option] else { return nil }
        if text.contains("+") { return try VerifierKey(text) }
        return try VerifierKey(trimmed: try LocalFile.read(text))
    }
}

extension VerifierKey {
    /// Reads a key from a file's bytes, whose only line may end.
    init(trimmed bytes: [UInt8]) throws(LedgerError) {
        var text = String(decoding: bytes, as: UTF8.self)
        while text.hasSuffix("\n") { text.removeLast() }
        try self.init(text)
    }
}
