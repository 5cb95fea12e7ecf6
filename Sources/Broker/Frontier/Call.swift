package import Encoding
package import Exchange
package import HTTP

/// One request on its way to an endpoint: routed, traced, its query parsed.
package final class Call: Sendable {
    package let request: HTTPRequest
    /// The path's parameters, decoded, in their order.
    package let parameters: [String]
    /// 32 hex digits that name this request in the answer, the log and the ledger.
    package let trace: String
    /// What reaches other servers from the loop on which the request came.
    package let transport: any Transport
    /// How that loop waits.
    package let pacing: Pacing

    /// Makes a call.
    package init(
        request: HTTPRequest,
        parameters: [String],
        trace: String,
        transport: any Transport,
        pacing: Pacing
    ) {
        self.request = request
        self.parameters = parameters
        self.trace = trace
        self.transport = transport
        self.pacing = pacing
    }

    /// The query's fields.
    ///
    /// - Throws: `Problem` with code `invalid_request` where the query is malformed or has over 64 fields.
    package func query() throws(Problem) -> Form {
        do {
            return try Form(parsing: request.query)
        } catch {
            throw Problem(.invalidRequest, "The query cannot be read: \(error).")
        }
    }

    /// Whether the token comes under the scheme that wants a proof with it.
    var isProved: Bool {
        request.fields["Authorization"].map { HTTPFields.equal(String($0.prefix(5)), "DPoP ") } ?? false
    }

    /// The bearer token of the Authorization field (RFC 6750, section 2.1).
    ///
    /// With `bare`, the field may hold the token alone, as AWS SDKs send the content of their token file; with `orProved`, it may
    /// come under the scheme of RFC 9449, section 7.1.
    ///
    /// - Throws: `Problem` with code `invalid_token` where there is none, or the field is there twice.
    package func bearer(bare: Bool = false, orProved: Bool = false) throws(Problem) -> Substring {
        let values = request.fields.values("Authorization")
        guard values.count == 1 else {
            throw Problem(
                .invalidToken,
                values.isEmpty
                    ? "No request token: send 'Authorization: Bearer TOKEN'."
                    : "The Authorization field is there twice."
            )
        }
        let value = values[0]
        guard let space = value.utf8.firstIndex(of: UInt8(ascii: " ")) else {
            guard bare else { throw Problem(.invalidToken, "The Authorization field is no 'Bearer TOKEN'.") }
            return value[...]
        }
        let scheme = String(value[..<space])
        guard HTTPFields.equal(scheme, "Bearer") || orProved && HTTPFields.equal(scheme, "DPoP") else {
            throw Problem(
                .invalidToken,
                "The Authorization field has the scheme '\(value[..<space])', wanted 'Bearer'."
            )
        }
        return value[value.index(after: space)...]
    }
}
