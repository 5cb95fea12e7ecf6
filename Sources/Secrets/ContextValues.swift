package import Crypto
package import Ledger

/// The values of a context, opened but readable by nobody until the ledger has recorded who gets them.
package struct ContextValues: ~Copyable, Sendable {
    package let context: ContextName
    fileprivate let secrets: NamedSecrets

    init(context: ContextName, secrets: consuming NamedSecrets) {
        self.context = context
        self.secrets = secrets
    }
}

/// The values of a context, recorded and so free to leave; any bytes.
package struct ReleasedValues: ~Copyable, Sendable {
    package let context: ContextName
    package let secrets: NamedSecrets
    /// Where it is recorded that they left.
    package let receipt: Receipt

    /// Takes the values out.
    package consuming func takeSecrets() -> NamedSecrets { secrets }
}

extension Released where Contents == ContextValues {
    /// The values, which the ledger's receipt makes readable.
    package consuming func open() -> ReleasedValues {
        let receipt = receipt
        return take().released(receipt)
    }
}

extension ContextValues {
    fileprivate consuming func released(_ receipt: Receipt) -> ReleasedValues {
        ReleasedValues(context: context, secrets: secrets, receipt: receipt)
    }
}
