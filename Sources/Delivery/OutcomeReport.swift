package import Exchange
package import JSON
internal import Time

/// The body of `POST /v1/targets/NAME/outcome`, as a job that traded itself writes it and the broker reads it.
///
/// `{"jti", "outcome": "succeeded", "credential", "session", "expires_at"}`, or with a failure's kind as the outcome
/// `{"jti", "outcome", "code", "message", "attempts", "timed_out"}`.
package struct OutcomeReport: Equatable, Sendable {
    /// The `jti` of the token that was traded.
    package let identifier: String
    package let report: TradeReport

    /// Makes the report of a token's trade.
    package init(identifier: String, _ report: TradeReport) {
        self.identifier = identifier
        self.report = report
    }

    /// The report as JSON.
    package var json: JSON {
        var body: JSONObject = ["jti": .string(identifier)]
        switch report {
        case .traded(let credential):
            body["outcome"] = "succeeded"
            body["credential"] = credential.name.map { .string($0) }
            body["session"] = credential.session.map { .string($0) }
            body["expires_at"] = credential.expires.map { .string(RFC3339.format($0)) } ?? .null
        case .failed(let failure):
            body["outcome"] = .string(failure.kind.rawValue)
            body["code"] = .string(failure.code)
            body["message"] = .string(failure.message)
            body["attempts"] = .integer(Int64(failure.attempts))
            body["timed_out"] = .bool(failure.isTimeout)
        }
        return .object(body)
    }

    /// Reads a report; the texts in it are held to one line in which no token stands.
    ///
    /// - Throws: `DeliveryError` with code `report` that names the member.
    package init(_ json: JSON) throws(DeliveryError) {
        guard let body = json.asObject else { throw Self.refused("it is no JSON object") }
        let known = [
            "jti", "outcome", "credential", "session", "expires_at", "code", "message", "attempts", "timed_out",
        ]
        for member in body.members where !known.contains(member.name) {
            throw Self.refused("there is no member '\(String(member.name.unicodeScalars.prefix(64)))'")
        }
        let isIdentifier = { (text: String) in
            (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        }
        guard let identifier = body["jti"]?.asString, isIdentifier(identifier) else {
            throw Self.refused("'jti' is not the one of a token")
        }
        self.identifier = identifier
        let outcome = try Self.text("outcome", in: body) ?? ""
        if outcome == "succeeded" {
            report = .traded(
                TradedCredential(
                    name: try Self.text("credential", in: body),
                    session: try Self.text("session", in: body),
                    expires: try Self.time("expires_at", in: body)
                )
            )
            return
        }
        guard let kind = ExchangeFailure.Kind(rawValue: outcome) else {
            let words = (["succeeded"] + ExchangeFailure.Kind.allCases.map(\.rawValue)).joined(separator: ", ")
            throw Self.refused("'outcome' is none of \(words)")
        }
        guard let attempts = body["attempts"]?.asInteger, (0...1_000).contains(attempts) else {
            throw Self.refused("'attempts' is no number from 0 to 1000")
        }
        report = .failed(
            ExchangeFailure(
                reported: kind,
                code: try Self.text("code", in: body) ?? "unknown",
                message: try Self.text("message", in: body) ?? "no reason given",
                attempts: Int(attempts),
                isTimeout: body["timed_out"]?.asBool ?? false
            )
        )
    }

    private static func text(_ name: String, in body: JSONObject) throws(DeliveryError) -> String? {
        switch body[name] {
        case nil, .null: return nil
        case .string(let text) where text.utf8.count <= 4_096: return text
        default: throw refused("'\(name)' is no text of at most 4096 bytes")
        }
    }

    private static func time(_ name: String, in body: JSONObject) throws(DeliveryError) -> UnixTime? {
        guard let text = try text(name, in: body) else { return nil }
        guard let moment = try? RFC3339.parse(text) else { throw refused("'\(name)' is no RFC 3339 time") }
        return moment
    }

    private static func refused(_ reason: String) -> DeliveryError {
        DeliveryError(.report, "the report of a trade cannot be read: \(reason)")
    }
}
