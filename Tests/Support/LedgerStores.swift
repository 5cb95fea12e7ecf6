package import Ledger
internal import Locks
internal import POSIX

/// A ledger's storage in memory: as durable as the object, and open to whoever wants to tamper with it.
package final class MemoryLedgerStorage: LedgerStorage {
    /// All that is stored.
    package struct Contents: Sendable {
        package var head: LedgerHead?
        package var tiles: [TileAddress: [UInt8]] = [:]
        package var entries: [UInt64: [UInt8]] = [:]
    }

    private let contents = Lock(Contents())
    /// Held while a commit is built: commits exclude each other.
    private let committing = Lock(())

    /// Makes a storage without a ledger.
    package init() {}

    /// Changes what is stored, past the ledger.
    package func tamper(_ change: @Sendable (inout Contents) -> Void) { contents.withLock { change(&$0) } }

    /// A copy of what is stored.
    package var snapshot: Contents { contents.withLock { $0 } }

    package func head() -> LedgerHead? { contents.withLock { $0.head } }

    package func tile(_ address: TileAddress) -> [UInt8]? { contents.withLock { $0.tiles[address] } }

    package func entries(in range: Range<UInt64>) -> [StoredEntry] {
        contents.withLock { contents in
            // Only of a range beyond reason is it worth asking where the entries end.
            let isShort = range.upperBound - range.lowerBound <= 1 << 16
            let present = isShort ? range : range.clamped(to: 0..<(contents.entries.keys.max() ?? 0) + 1)
            return present.compactMap { index in contents.entries[index].map { StoredEntry(index: index, bytes: $0) } }
        }
    }

    package func lastIndex() -> UInt64? { contents.withLock { $0.entries.keys.max() } }

    package func append(
        _ build: (LedgerHead?, TileSource) throws(LedgerError) -> LedgerBatch
    ) throws(LedgerError) {
        try committing.withLock { _ throws(LedgerError) in
            let head = head()
            let batch = try build(head) { address throws(LedgerError) in tile(address) }
            contents.withLock { contents in
                for (index, leaf) in zip((head?.size ?? 0)..., batch.leaves) { contents.entries[index] = leaf }
                for tile in batch.tiles { contents.tiles[tile.address] = tile.hashes }
                contents.head = batch.head
            }
        }
    }
}

/// A storage that fails on demand, before a commit takes effect or after.
package final class FaultyLedgerStorage: LedgerStorage {
    /// What happens to one commit.
    package enum Fault: Equatable, Sendable, CaseIterable {
        /// It fails, and nothing is stored.
        case before
        /// It is stored, and a failure is reported all the same.
        case after
    }

    /// What is thrown.
    package static let failure = LedgerError(.storage, seen: "a fault", wanted: "none", remedy: "end the test")

    private let storage: any LedgerStorage
    private let faults = Lock<[Fault?]>([])

    /// Makes a storage that behaves as another one until faults are planned.
    package init(_ storage: any LedgerStorage) { self.storage = storage }

    /// Plans what happens to the commits to come; those after the plan's end go well.
    package func plan(_ next: [Fault?]) { faults.withLock { $0 = next } }

    package func head() throws(LedgerError) -> LedgerHead? { try storage.head() }

    package func tile(_ address: TileAddress) throws(LedgerError) -> [UInt8]? { try storage.tile(address) }

    package func entries(in range: Range<UInt64>) throws(LedgerError) -> [StoredEntry] {
        try storage.entries(in: range)
    }

    package func lastIndex() throws(LedgerError) -> UInt64? { try storage.lastIndex() }

    package func append(
        _ build: (LedgerHead?, TileSource) throws(LedgerError) -> LedgerBatch
    ) throws(LedgerError) {
        let fault = faults.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if fault == .before { throw Self.failure }
        try storage.append(build)
        if fault == .after { throw Self.failure }
    }
}

/// A storage whose commits can be held at a gate, while entries gather behind them.
package final class GatedLedgerStorage: LedgerStorage {
    private struct State {
        var isShut = false
        var held = 0
        var commits = 0
    }

    private let storage: any LedgerStorage
    private let state = Lock(State())

    /// Makes a storage that behaves as another one until the gate is shut.
    package init(_ storage: any LedgerStorage) { self.storage = storage }

    /// How many entries the first batch at the gate has.
    package var held: Int { state.withLock { $0.held } }

    /// How many commits have come to the gate since it was shut.
    package var commits: Int { state.withLock { $0.commits } }

    /// Holds the commits to come.
    package func shut() { state.withLock { $0 = State(isShut: true) } }

    /// Lets the held commit and those to come through.
    package func open() { state.withLock { $0.isShut = false } }

    package func head() throws(LedgerError) -> LedgerHead? { try storage.head() }

    package func tile(_ address: TileAddress) throws(LedgerError) -> [UInt8]? { try storage.tile(address) }

    package func entries(in range: Range<UInt64>) throws(LedgerError) -> [StoredEntry] {
        try storage.entries(in: range)
    }

    package func lastIndex() throws(LedgerError) -> UInt64? { try storage.lastIndex() }

    package func append(
        _ build: (LedgerHead?, TileSource) throws(LedgerError) -> LedgerBatch
    ) throws(LedgerError) {
        try storage.append { head, _ throws(LedgerError) in
            let batch = try build(head) { address throws(LedgerError) in try storage.tile(address) }
            state.withLock { state in
                if state.commits == 0 { state.held = batch.leaves.count }
                state.commits += 1
            }
            while state.withLock({ $0.isShut }) { WorkerThread.pause(for: .milliseconds(1)) }
            return batch
        }
    }
}
