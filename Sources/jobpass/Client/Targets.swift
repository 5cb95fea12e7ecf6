internal import Delivery
internal import Encoding
internal import HTTP
internal import JSON

extension BrokerClient {
    /// One target's credential.
    func credential(_ target: String) async throws(CommandError) -> CredentialAnswer {
        let answer = try await answer(.post, ["v1", "targets", target, "credentials"])
        do throws(DeliveryError) { return try CredentialAnswer(parsing: answer) } catch {
            throw CommandError(.unavailable, error.description)
        }
    }

    /// One context's secrets, or what of them a query names.
    func context(_ name: String, _ query: Form = Form()) async throws(CommandError) -> ContextAnswer {
        let answer = try await answer(.get, ["v1", "contexts", name], query: query)
        do throws(DeliveryError) { return try ContextAnswer(parsing: answer) } catch {
            throw CommandError(.unavailable, error.description)
        }
    }
}

extension BrokerClient {
    /// Has the broker record that a command's output will not be masked.
    ///
    /// - Throws: `CommandError`, also where the broker is too old to record it: the secrets must not be asked for then.
    func recordUnmasked(targets: [String], contexts: [String]) async throws(CommandError) {
        let body: JSON = [
            "targets": .array(targets.map { .string($0) }), "contexts": .array(contexts.map { .string($0) }),
        ]
        _ = try await call(.post, ["v1", "unmasked"], body: .json(body))
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
