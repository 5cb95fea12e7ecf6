package import Crypto
package import JSON
package import Ledger
package import Time

/// What a cloud gave for an ID token: temporary, and readable by nobody until the ledger has recorded it.
///
/// Its own memory is overwritten when it ends; what libcurl, expat and jansson held of the answer on the way is not.
package struct Credential: ~Copyable, Sendable {
    /// The target that was asked.
    package let target: String
    package let type: TargetType
    /// What the cloud's own logs call it: the access key's id, the login's request; nil where they have no name.
    package let name: String?
    /// What they call its session.
    package let session: String?
    /// When it ends by itself; nil where the cloud set no end.
    package let expires: UnixTime?
    /// The type's own fields, none of them secret.
    fileprivate let details: JSONObject
    /// The variables under which a job finds it.
    fileprivate let environment: NamedSecrets
    /// What ends it before its time; nil where nothing can.
    package let revocation: CredentialRevocation?
    /// Whether the same may be handed to a run again that asks for the same again.
    let isShareable: Bool

    init(
        target: String,
        type: TargetType,
        name: String?,
        session: String?,
        expires: UnixTime?,
        details: JSONObject,
        environment: consuming NamedSecrets,
        revocation: CredentialRevocation? = nil,
        isShareable: Bool = true
    ) {
        self.target = target
        self.type = type
        self.name = name
        self.session = session
        self.expires = expires
        self.details = details
        self.environment = environment
        self.revocation = revocation
        self.isShareable = isShareable
    }

    /// The same once more, for another release of it.
    package borrowing func copy() -> Credential {
        Credential(
            target: target,
            type: type,
            name: name,
            session: session,
            expires: expires,
            details: details,
            environment: environment.copy(),
            revocation: revocation,
            isShareable: isShareable
        )
    }

    /// Seals the credential behind its entry of kind `exchange.succeeded`.
    ///
    /// The entry gets target, expiry and the names that the cloud's logs have; who trades, and with which token, is the
    /// caller's to say.
    package consuming func sealed(recordedAs entry: Entry) -> Sealed<Credential> {
        precondition(entry.kind == .exchangeSucceeded, "a credential is recorded as \(entry.kind)")
        var entry = entry
        entry.target = target
        entry.expires = expires
        entry.credential = name
        entry.session = session
        return Sealed(self, recordedAs: entry)
    }
}

/// A credential that is recorded, and so free to leave.
package struct ReleasedCredential: ~Copyable, Sendable {
    package let target: String
    package let type: TargetType
    /// When it ends by itself; nil where the cloud set no end.
    package let expires: UnixTime?
    /// The type's own fields, none of them secret.
    package let details: JSONObject
    /// The variables under which a job finds it.
    package let environment: NamedSecrets
    /// Where the ledger has it.
    package let ledgerIndex: UInt64

    /// Takes the variables out.
    package consuming func takeEnvironment() -> NamedSecrets { environment }
}

extension Released where Contents == Credential {
    /// The credential, which the ledger's receipt makes readable.
    package consuming func open() -> ReleasedCredential {
        let index = receipt.index
        return take().released(index)
    }
}

extension Credential {
    /// The credential in the open, once somebody has proved that the ledger has it at an index.
    consuming func released(_ index: UInt64) -> ReleasedCredential {
        ReleasedCredential(
            target: target,
            type: type,
            expires: expires,
            details: details,
            environment: environment,
            ledgerIndex: index
        )
    }
}
