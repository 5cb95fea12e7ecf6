internal import Crypto
internal import Encoding
package import Exchange
package import JSON
package import Ledger
package import Time
package import Tokens

/// The answer of `POST /v1/targets/NAME/token`, as the broker writes it and a job that trades itself reads it: the target's
/// ID token, where to trade it, and for whom.
package struct TargetTokenAnswer: ~Copyable, Sendable {
    package let target: Target
    package let job: JobIdentity
    private let text: String
    private let identifier: String
    /// When the token expires.
    package let expires: UnixTime
    /// Where the ledger has the token.
    package let ledgerIndex: UInt64

    /// The answer that carries a released token.
    package init(_ token: consuming Released<TokenText>, of target: Target, for job: JobIdentity) {
        ledgerIndex = token.receipt.index
        let token = token.take()
        text = token.text
        identifier = token.facts.identifier
        expires = token.facts.expires
        self.target = target
        self.job = job
    }

    /// Reads an answer; members that this version does not know are left alone.
    ///
    /// - Throws: `DeliveryError` with code `answer`.
    package init(parsing body: [UInt8]) throws(DeliveryError) {
        let answer = try Answer(parsing: body)
        let run = answer.object["run"]
        guard let settings = answer.object["settings"]?.asObject, let project = run?["project"]?.asString,
            let workflow = run?["workflow"]?.asString, let name = run?["job"]?.asString, let id = run?["id"]?.asString
        else { throw Answer.refused("'settings' or 'run' is missing or incomplete") }
        guard let expires = try answer.time("expires_at") else { throw Answer.refused("'expires_at' is null") }
        self.init(
            target: try Self.target(answer, settings),
            job: JobIdentity(project: project, workflow: workflow, job: name, run: id),
            text: try answer.text("value"),
            identifier: try answer.text("jti"),
            expires: expires,
            ledgerIndex: try answer.index("ledger_index")
        )
    }

    private init(
        target: Target,
        job: JobIdentity,
        text: String,
        identifier: String,
        expires: UnixTime,
        ledgerIndex: UInt64
    ) {
        self.target = target
        self.job = job
        self.text = text
        self.identifier = identifier
        self.expires = expires
        self.ledgerIndex = ledgerIndex
    }

    /// The answer as JSON; it goes out with `Cache-Control: no-store`.
    package borrowing func json() -> JSON {
        [
            "target": .string(target.name), "type": .string(target.type.rawValue), "value": .string(text),
            "jti": .string(identifier), "expires_at": .string(RFC3339.format(expires)),
            "ledger_index": .integer(Int64(clamping: ledgerIndex)),
            "run": [
                "id": .string(job.run), "project": .string(job.project), "workflow": .string(job.workflow),
                "job": .string(job.job),
            ],
            "settings": .object(target.settings),
        ]
    }

    /// The token, for `Exchange.trade`.
    package var token: ReceivedToken { ReceivedToken(text: text, identifier: identifier, expires: expires) }

    /// The token as a credential, for an SDK that trades it itself: the broker has recorded that it left.
    package consuming func handedOver() -> CredentialAnswer {
        var environment = NamedSecrets()
        environment.append(EnvironmentName(constant: "JOBPASS_ID_TOKEN"), text: text)
        return CredentialAnswer(
            target: target.name,
            type: target.type.rawValue,
            source: .exchange,
            expires: expires,
            environment: environment,
            details: target.settings,
            ledgerIndex: ledgerIndex
        )
    }

    private static func target(_ answer: Answer, _ settings: JSONObject) throws(DeliveryError) -> Target {
        let name = try answer.text("target")
        do throws(TargetError) { return try Target(name: name, settings: settings) } catch {
            throw Answer.refused("its target cannot be traded at here: \(error)")
        }
    }
}
