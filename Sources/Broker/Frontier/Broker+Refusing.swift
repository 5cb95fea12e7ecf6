internal import Crypto
internal import Encoding
package import HTTP

extension Broker {
    /// The answer for a request that the HTTP server itself refuses, in the shape of every other refusal.
    package func refuse(status: Int, reason: String) -> HTTPResponse {
        let code: Problem.Code =
            switch status {
            case 404: .notFound
            case 413: .tooLarge
            case 429: .slowDown
            case 500: .serverError
            case 503: .unavailable
            default: .invalidRequest
            }
        var problem = Problem(code, reason)
        problem.otherStatus = status
        if status == 429 || status == 503 { problem.retryAfter = 1 }
        return problem.response(trace: Hex.encode(Entropy.bytes(16)), terse: now.isTerse)
    }

    /// Takes note of clients that the HTTP server itself cut off or refused.
    package func note(_ limit: Limit) { metrics.count(limit) }

    /// Takes note of connections that were opened, or closed where the number is negative.
    package func note(connections change: Int) { metrics.note(connections: change) }
}
