internal import CPQ

/// A result as libpq hands it out, until its rows are copied.
@safe
struct PostgresResult: ~Copyable {
    private let pointer: OpaquePointer  // PGresult *

    init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe PQclear(pointer) }

    var status: ExecStatusType { unsafe PQresultStatus(pointer) }

    /// Copies the rows, all of whose columns are in binary form.
    func rows(of sql: String) -> PostgresRows {
        let columns = unsafe PQnfields(pointer)
        let count = unsafe PQntuples(pointer)
        var cells: [[UInt8]?] = []
        cells.reserveCapacity(Int(columns) * Int(count))
        for row in 0..<count {
            for column in 0..<columns { cells.append(cell(row, column)) }
        }
        return PostgresRows(
            sql: sql,
            types: (0..<columns).map { unsafe PQftype(pointer, $0) },
            cells: cells,
            count: Int(count),
            changes: unsafe Int(String(cString: PQcmdTuples(pointer))) ?? 0
        )
    }

    private func cell(_ row: Int32, _ column: Int32) -> [UInt8]? {
        guard unsafe PQgetisnull(pointer, row, column) == 0 else { return nil }
        let length = unsafe Int(PQgetlength(pointer, row, column))
        guard length > 0, let start = unsafe PQgetvalue(pointer, row, column) else { return [] }
        return unsafe UnsafeRawBufferPointer(start: start, count: length).map { $0 }
    }

    /// The server's refusal: its code and its first words, without the detail, which quotes values.
    func failure(in sql: String?, connection words: String) -> PostgresError {
        guard let state = unsafe cpq_sqlstate(pointer) else { return .lost(words) }
        let message = unsafe cpq_message(pointer).map { unsafe String(cString: $0) } ?? "no reason given"
        return unsafe PostgresError(.server(String(cString: state)), message, sql: sql)
    }
}
