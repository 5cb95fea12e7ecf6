package import Crypto
internal import Encoding
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
        var values = try answer.variables("values")
        for member in answer.object["base64"]?.asObject?.members ?? [] {
            guard let name = EnvironmentName(member.name), !values.names.contains(name),
                var bytes = member.value.asString.flatMap({ try? Base64.decode($0) })
            else { throw Answer.refused("'base64' has a member that is no variable with a value in base64") }
            values.append(name, SecretBytes(consuming: &bytes))
        }
        self.init(
            context: try answer.text("context"),
            values: values,
            ledgerIndex: try answer.index("ledger_index")
        )
    }

    /// The answer as JSON; it goes out with `Cache-Control: no-store`.
    ///
    /// Values that JSON cannot carry, as they are no UTF-8 or hold NUL, stand in base64 under `base64` instead of `values`.
    package borrowing func json() -> JSON {
        var texts = JSONObject()
        var others = JSONObject()
        values.withEach { name, bytes in
            let bytes = Array(copying: bytes)
            if let text = NamedSecrets.text(bytes) {
                texts[name.text] = .string(text)
            } else {
                others[name.text] = .string(Base64.encode(bytes))
            }
        }
        var answer: JSONObject = ["context": .string(context), "values": .object(texts)]
        if !others.members.isEmpty { answer["base64"] = .object(others) }
        answer["ledger_index"] = .integer(Int64(clamping: ledgerIndex))
        return .object(answer)
    }
}
