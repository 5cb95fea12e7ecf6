/// A value of a statement, sent apart from it in PostgreSQL's binary form.
package enum PostgresValue: Sendable {
    case integer(Int64?)
    case text(String?)
    case bytes([UInt8]?)
    /// An array, for statements about many rows at once.
    case integers([Int64?])
    case texts([String])
    case byteStrings([[UInt8]?])

    /// The number of the value's type, as in the server's `pg_type`.
    var type: UInt32 {
        switch self {
        case .integer: PostgresType.integer
        case .text: PostgresType.text
        case .bytes: PostgresType.bytes
        case .integers: 1016
        case .texts: 1009
        case .byteStrings: 1001
        }
    }

    /// The value's bytes on the wire; nil for NULL.
    var encoded: [UInt8]? {
        switch self {
        case .integer(let value): value.map { Self.bigEndian($0) }
        case .text(let value): value.map { Array($0.utf8) }
        case .bytes(let value): value
        case .integers(let values): Self.array(of: PostgresType.integer, values.map { $0.map { Self.bigEndian($0) } })
        case .texts(let values): Self.array(of: PostgresType.text, values.map { Array($0.utf8) })
        case .byteStrings(let values): Self.array(of: PostgresType.bytes, values)
        }
    }

    /// An array of one dimension: dimensions, whether any is NULL, the elements' type, count, first subscript, elements.
    private static func array(of type: UInt32, _ elements: [[UInt8]?]) -> [UInt8] {
        let hasNull: Int32 = elements.contains { $0 == nil } ? 1 : 0
        var bytes: [UInt8] = bigEndian(Int32(elements.isEmpty ? 0 : 1)) + bigEndian(hasNull) + bigEndian(type)
        guard !elements.isEmpty else { return bytes }
        bytes += bigEndian(Int32(elements.count)) + bigEndian(Int32(1))
        for element in elements {
            guard let element else {
                bytes += bigEndian(Int32(-1))
                continue
            }
            bytes += bigEndian(Int32(element.count))
            bytes += element
        }
        return bytes
    }

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}

/// The numbers of the types that are used, which every server has in common.
enum PostgresType {
    static let truth: UInt32 = 16
    static let bytes: UInt32 = 17
    static let integer: UInt32 = 20
    static let text: UInt32 = 25
}

/// A statement and its values; the text stands in the source, so that nothing foreign ever becomes part of it.
package struct PostgresQuery: Sendable {
    let sql: String
    let values: [PostgresValue]

    /// Makes a query of one statement, whose values stand for `$1`, `$2` and so on.
    package init(_ sql: StaticString, _ values: PostgresValue...) {
        self.sql = sql.description
        self.values = values
    }
}

/// What a statement answered: copies of its rows.
package struct PostgresRows: Sendable {
    let sql: String
    let types: [UInt32]
    let cells: [[UInt8]?]
    /// How many rows there are.
    package let count: Int
    /// How many rows an INSERT, UPDATE or DELETE touched.
    package let changes: Int

    /// The first row; nil where there is none.
    package var first: PostgresRow? { count > 0 ? self[0] : nil }

    /// A row by its place.
    package subscript(place: Int) -> PostgresRow { PostgresRow(rows: self, place: place) }
}

/// A row, each column of which has exactly the type that is asked for.
package struct PostgresRow: Sendable {
    private let rows: PostgresRows
    private let place: Int

    init(rows: PostgresRows, place: Int) {
        self.rows = rows
        self.place = place
    }

    /// Whether the column holds NULL.
    package func isNull(at column: Int) -> Bool { rows.cells[place * rows.types.count + column] == nil }

    /// The integer in a column.
    ///
    /// - Throws: `PostgresError` with `mismatch` where it holds anything else.
    package func integer(at column: Int) throws(PostgresError) -> Int64 {
        let cell = try cell(at: column, PostgresType.integer, "bigint")
        guard cell.count == 8 else { throw mismatch(column, "\(cell.count) bytes", "bigint") }
        return cell.reduce(into: 0) { $0 = $0 << 8 | Int64($1) }
    }

    /// The text in a column.
    ///
    /// - Throws: `PostgresError` with `mismatch` where it holds anything else.
    package func text(at column: Int) throws(PostgresError) -> String {
        guard let text = String(validating: try cell(at: column, PostgresType.text, "text"), as: UTF8.self) else {
            throw mismatch(column, "no UTF-8", "text")
        }
        return text
    }

    /// The bytes in a column.
    ///
    /// - Throws: `PostgresError` with `mismatch` where it holds anything else.
    package func bytes(at column: Int) throws(PostgresError) -> [UInt8] {
        try cell(at: column, PostgresType.bytes, "bytea")
    }

    /// The truth value in a column.
    ///
    /// - Throws: `PostgresError` with `mismatch` where it holds anything else.
    package func truth(at column: Int) throws(PostgresError) -> Bool {
        try cell(at: column, PostgresType.truth, "boolean") != [0]
    }

    private func cell(at column: Int, _ type: UInt32, _ name: String) throws(PostgresError) -> [UInt8] {
        guard column < rows.types.count, rows.types[column] == type else {
            throw mismatch(column, column < rows.types.count ? "type \(rows.types[column])" : "no such column", name)
        }
        guard let cell = rows.cells[place * rows.types.count + column] else { throw mismatch(column, "NULL", name) }
        return cell
    }

    private func mismatch(_ column: Int, _ seen: String, _ wanted: String) -> PostgresError {
        PostgresError(.mismatch, "column \(column) holds \(seen), not \(wanted)", sql: rows.sql)
    }
}
