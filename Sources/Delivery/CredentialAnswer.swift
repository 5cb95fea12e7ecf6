package import Crypto
package import Exchange
package import JSON
internal import Ledger
package import Secrets
package import Time

/// The answer of `POST /v1/targets/NAME/credentials`, as the broker writes it and a client reads it.
package struct CredentialAnswer: ~Copyable, Sendable {
    /// Where a credential comes from.
    package enum Source: String, Sendable {
        /// A trade at the target's cloud.
        case exchange
        /// Static secrets that stood in for it.
        case fallback
    }

    package let target: String
    /// The target's type, such as `aws`; a text, because a client may be older than its broker.
    package let type: String
    package let source: Source
    /// When it ends by itself; nil for what does not.
    package let expires: UnixTime?
    /// The variables that make it up.
    package let environment: NamedSecrets
    /// The type's own fields, none of them secret.
    package let details: JSONObject
    /// Where the ledger has it.
    package let ledgerIndex: UInt64

    init(
        target: String,
        type: String,
        source: Source,
        expires: UnixTime?,
        environment: consuming NamedSecrets,
        details: JSONObject,
        ledgerIndex: UInt64
    ) {
        self.target = target
        self.type = type
        self.source = source
        self.expires = expires
        self.environment = environment
        self.details = details
        self.ledgerIndex = ledgerIndex
    }
}

extension CredentialAnswer {
    /// The answer that carries a cloud's credential.
    package init(_ credential: consuming ReleasedCredential) {
        target = credential.target
        type = credential.type.rawValue
        source = .exchange
        expires = credential.expires
        details = credential.details
        ledgerIndex = credential.ledgerIndex
        environment = credential.takeEnvironment()
    }

    /// The answer that carries a context's secrets instead, and where to use them if the context does not say.
    ///
    /// They do not expire; `again` is when to ask anew, and so find the cloud when it is back, or the fallback over.
    package init(_ values: consuming ReleasedValues, standingInFor target: Target, askAgain again: UnixTime) {
        self.target = target.name
        type = target.type.rawValue
        source = .fallback
        expires = nil
        details = [
            "context": .string(values.context.text), "ask_again_at": .string(RFC3339.format(again)),
        ]
        ledgerIndex = values.receipt.index
        var environment = values.takeSecrets()
        for (name, value) in target.whereabouts where !environment.names.contains(name) {
            environment.append(name, text: value)
        }
        self.environment = environment
    }

    /// When to ask anew: at its end, or for static secrets when the broker says; nil where it said nothing.
    package var askAgain: UnixTime? {
        expires ?? details["ask_again_at"]?.asString.flatMap { try? RFC3339.parse($0) }
    }

    /// The answer as JSON; it goes out with `Cache-Control: no-store`.
    package borrowing func json() -> JSON {
        [
            "target": .string(target), "type": .string(type), "source": .string(source.rawValue),
            "expires_at": expires.map { .string(RFC3339.format($0)) } ?? .null,
            "environment": .object(environment.members()),
            "credential": .object(details),
            "ledger_index": .integer(Int64(clamping: ledgerIndex)),
        ]
    }

    /// Reads an answer; members that this version does not know are left alone.
    ///
    /// - Throws: `DeliveryError` with code `answer`.
    package init(parsing body: [UInt8]) throws(DeliveryError) {
        let answer = try Answer(parsing: body)
        guard let source = Source(rawValue: try answer.text("source")) else {
            throw Answer.refused("'source' is neither exchange nor fallback")
        }
        self.init(
            target: try answer.text("target"),
            type: try answer.text("type"),
            source: source,
            expires: try answer.time("expires_at"),
            environment: try answer.variables("environment"),
            details: answer.object["credential"]?.asObject ?? [:],
            ledgerIndex: try answer.index("ledger_index")
        )
    }
}
