package import Auditing
internal import Ledger
internal import Locks

/// An index in memory.
package final class MemoryIndexStorage: IndexStorage {
    private struct Contents {
        var state = IndexState.empty
        var rows: [Int64: [UInt8]] = [:]
        var tallies = Tallies()
    }

    private let contents = Lock(Contents())

    /// Makes an index of nothing.
    package init() {}

    package func state() -> IndexState { contents.withLock { $0.state } }

    package func row(_ key: Int64) -> IndexRow? {
        contents.withLock { $0.rows[key].map { IndexRow(key: key, bytes: $0) } }
    }

    package func rows(in keys: Range<Int64>) -> [IndexRow] {
        contents.withLock { contents in
            contents.rows.filter { keys.contains($0.key) }.sorted { $0.key < $1.key }.map {
                IndexRow(key: $0.key, bytes: $0.value)
            }
        }
    }

    package func tallies(days: Range<Int64>) -> Tallies { contents.withLock { $0.tallies } }

    package func apply(_ change: IndexChange) -> Bool {
        contents.withLock { contents in
            guard contents.state == change.before else { return false }
            for range in change.outdated { contents.rows = contents.rows.filter { !range.contains($0.key) } }
            for row in change.rows { contents.rows[row.key] = row.bytes }
            for (tally, count) in change.tallies.days { contents.tallies.add(tally, count) }
            for (tally, count) in change.tallies.hours { contents.tallies.add(tally, count) }
            contents.state = change.after
            return true
        }
    }

    package func readAhead() {}

    package func clear() { contents.withLock { $0 = Contents() } }

    /// Changes the rows past the index.
    package func tamper(_ change: @Sendable (inout [Int64: [UInt8]]) -> Void) {
        contents.withLock { change(&$0.rows) }
    }

    /// Counts one more entry of a day, past the index.
    package func miscount() {
        contents.withLock { contents in
            guard let tally = contents.tallies.days.keys.first else { return }
            contents.tallies.add(tally, 1)
        }
    }
}
