internal import Delivery
internal import Encoding
internal import Exchange
internal import HTTP
internal import JSON

/// What of a target a command can use.
enum Wanted: Sendable {
    /// What the trade gives.
    case credential
    /// The ID token, which an SDK trades itself; of targets with `exchange: job`, and of those of type none.
    case idToken
    /// The credential, but the ID token where an SDK renews by nothing else.
    case whatRenews
}

extension BrokerClient {
    /// One target's credential: traded for by the broker or, where the target leaves that to the job, here.
    ///
    /// `own` is what the job says of itself in the ID token, as fields `claim` of the query.
    func credential(
        _ target: String,
        _ wanted: Wanted = .credential,
        saying own: Form = Form()
    ) async throws(CommandError) -> CredentialAnswer {
        if wanted == .idToken { return try await idToken(target, saying: own) }
        let answer = try await response(.post, ["v1", "targets", target, "credentials"], query: own)
        guard answer.status == 409 else { return try credential(in: try checked(answer)) }
        let token = try await targetToken(target, saying: own)
        // Azure's SDKs take no access token of anybody else's.
        if wanted == .whatRenews, token.target.type == .azure { return token.handedOver() }
        return try await trade(token)
    }

    /// One context's secrets, or what of them a query names.
    func context(_ name: String, _ query: Form = Form()) async throws(CommandError) -> ContextAnswer {
        let answer = try await answer(.get, ["v1", "contexts", name], query: query)
        do throws(DeliveryError) { return try ContextAnswer(parsing: answer) } catch {
            throw CommandError(.unavailable, error.description)
        }
    }

    /// Has the broker record that a command's output will not be masked.
    ///
    /// - Throws: `CommandError`, also where the broker is too old to record it: the secrets must not be asked for then.
    func recordUnmasked(targets: [String], contexts: [String]) async throws(CommandError) {
        let body: JSON = [
            "targets": .array(targets.map { .string($0) }), "contexts": .array(contexts.map { .string($0) }),
        ]
        _ = try await call(.post, ["v1", "unmasked"], body: .json(body))
    }

    private func idToken(_ target: String, saying own: Form) async throws(CommandError) -> CredentialAnswer {
        let answer = try await response(.post, ["v1", "targets", target, "token"], query: own)
        if answer.status != 409 { return try targetToken(in: try checked(answer)).handedOver() }
        let path = ["v1", "targets", target, "credentials"]
        let credential = try credential(in: try await self.answer(.post, path, query: own))
        guard credential.idToken != nil else {
            throw CommandError(
                .badData,
                "target '\(target)' gives no ID token to the job: the broker trades it itself",
                advice: "set 'exchange: job' at the target, or use one of type none"
            )
        }
        return credential
    }

    /// Trades a token here, and tells the broker what came of it: only then may the credential be used.
    private func trade(_ answer: consuming TargetTokenAnswer) async throws(CommandError) -> CredentialAnswer {
        let target = answer.target
        let job = answer.job
        let token = answer.token
        let identifier = token.identifier
        let path = ["v1", "targets", target.name, "outcome"]
        let traded: UnreportedCredential
        do throws(ExchangeFailure) { traded = try await exchange.trade(token, at: target, for: job) } catch {
            // The broker answers with the fallback, or with why there is none.
            let report = OutcomeReport(identifier: identifier, .failed(error))
            return try credential(in: try await self.answer(.post, path, body: .json(report.json)))
        }
        let report = OutcomeReport(identifier: identifier, traded.report)
        let answer = try await call(.post, path, body: .json(report.json))
        guard let index = answer["ledger_index"]?.asInteger.flatMap({ UInt64(exactly: $0) }) else {
            throw CommandError(.unavailable, "the broker does not say where it recorded the trade")
        }
        return CredentialAnswer(traded.released(recordedAt: index))
    }

    private func targetToken(_ target: String, saying own: Form) async throws(CommandError) -> TargetTokenAnswer {
        try targetToken(in: try await answer(.post, ["v1", "targets", target, "token"], query: own))
    }

    private func targetToken(in body: [UInt8]) throws(CommandError) -> TargetTokenAnswer {
        do throws(DeliveryError) { return try TargetTokenAnswer(parsing: body) } catch {
            throw CommandError(.unavailable, error.description)
        }
    }

    private func credential(in body: [UInt8]) throws(CommandError) -> CredentialAnswer {
        do throws(DeliveryError) { return try CredentialAnswer(parsing: body) } catch {
            throw CommandError(.unavailable, error.description)
        }
    }
}

extension Console {
    /// Says where a credential is a static secret in place of an exchange.
    func noteSource(of credential: borrowing CredentialAnswer) {
        guard credential.source == .fallback else { return }
        warning(
            "target '\(credential.target)': the exchange could not be reached, so this is its static fallback; "
                + "ledger entry \(credential.ledgerIndex) says why"
        )
    }
}
