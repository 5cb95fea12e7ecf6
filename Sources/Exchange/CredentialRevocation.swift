internal import HTTP

/// How to end a credential before its time: one request, which may carry the credential itself and so shows itself to
/// nobody.
package struct CredentialRevocation: Sendable {
    let request: OutgoingRequest
    /// The statuses that say that it has ended.
    let statuses: Set<Int>

    /// Makes a revocation of the request that asks for it, without limits and certificate authorities.
    init(_ request: OutgoingRequest, statuses: Set<Int> = [200, 204]) {
        self.request = request
        self.statuses = statuses
    }

    /// How long it may take before the run ends without it.
    static let limit = Duration.seconds(5)
}

extension Exchange {
    /// Ends a credential of a target.
    ///
    /// - Throws: `ExchangeFailure`; the credential then lives on to its own end.
    package func revoke(_ revocation: CredentialRevocation, at target: Target) async throws(ExchangeFailure) {
        let line = line(to: target, atMost: CredentialRevocation.limit)
        _ = try await line.ask(revocation.request, wanting: revocation.statuses, refusals: RevocationRefusals())
    }
}

/// A service that does not end what it gave.
private struct RevocationRefusals: RefusalReader {
    func refusal(in response: HTTPResponse) -> ExchangeFailure {
        ExchangeFailure(.refused, code: "http-\(response.status)", message: "the service did not revoke it")
    }
}
