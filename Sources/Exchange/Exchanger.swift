internal import HTTP

/// One type's way of asking for a credential and of understanding what comes back.
///
/// The service behind it is trusted with the ID token, which is made out to it, and with the credential, which it makes.
/// It is not trusted to answer in any size, shape or time, nor with texts that are fit to print.
protocol Exchanger: Sendable {
    /// Trades a token, in as many requests as it takes; each of them is tried again by the line, and nothing else is.
    ///
    /// - Throws: `ExchangeFailure` of the request that failed, or where an answer is not one that the service gives.
    func credential(for token: String, over line: CloudLine) async throws(ExchangeFailure) -> Credential
}

/// A service's way of saying no.
protocol RefusalReader: Sendable {
    /// What a 4xx answer other than 429 means.
    func refusal(in response: HTTPResponse) -> ExchangeFailure

    /// What an answer means that says no under a status that means yes; nil where it says yes, as it always does but for
    /// services that are known to do otherwise.
    func hiddenRefusal(in response: HTTPResponse) -> ExchangeFailure?
}

extension RefusalReader {
    func hiddenRefusal(in response: HTTPResponse) -> ExchangeFailure? { nil }
}
