internal import HTTP
internal import Time

/// One type's way of asking for a credential and of understanding what comes back.
///
/// The service behind it is trusted with the ID token, which is made out to it, and with the credential, which it makes.
/// It is not trusted to answer in any size, shape or time, nor with texts that are fit to print.
protocol Exchanger: Sendable {
    /// The request that trades a token.
    func request(token: String, limits: OutgoingRequest.Limits) -> OutgoingRequest

    /// The credential in an answer of status 200.
    ///
    /// - Throws: `ExchangeFailure` where the answer is not one that the service gives to this request.
    func credential(in response: HTTPResponse, asked: UnixTime, now: UnixTime) throws(ExchangeFailure) -> Credential

    /// What a 4xx answer other than 429 means.
    func refusal(in response: HTTPResponse) -> ExchangeFailure
}
