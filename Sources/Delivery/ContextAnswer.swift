package import Crypto
package import JSON
internal import Ledger
package import Secrets

/// The answer of `GET /v1/contexts/NAME`, as the broker writes it and a client reads it.
package struct ContextAnswer: ~Copyable, Sendable {
    package let context: String
    package let values: NamedSecrets
    /// Where the ledger has that they were read.
    package let ledgerIndex: UInt64

    init(context: String, values: consuming NamedSecrets, ledgerIndex: UInt64) {
        self.context = context
        self.values = values
        self.ledgerIndex = ledgerIndex
    }

    /// The answer that carries a context's secrets.
    package init(_ values: consuming ReleasedValues) {
        context = values.context.text
        ledgerIndex = values.receipt.index
        self.values = values.takeSecrets()
    }

    /// Reads an answer; members that this version does not know are left alone.
    ///
    /// - Throws: `DeliveryError` with code `answer`.
    package init(parsing body: [UInt8]) throws(DeliveryError) {
        let answer = try Answer(parsing: body)
        self.init(
            context: try answer.text("context"),
            values: try answer.variables("values"),
            ledgerIndex: try answer.index("ledger_index")
        )
    }

    /// The answer as JSON; it goes out with `Cache-Control: no-store`.
    package borrowing func json() -> JSON {
        [
            "context": .string(context), "values": .object(values.members()),
            "ledger_index": .integer(Int64(clamping: ledgerIndex)),
        ]
    }
}
