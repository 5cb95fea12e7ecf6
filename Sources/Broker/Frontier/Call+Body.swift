internal import Claims
internal import Encoding
internal import HTTP
internal import JSON

extension Call {
    /// The body as JSON.
    ///
    /// - Throws: `Problem` with code `invalid_request` where it is no JSON, has a name twice or is nested too deep, or
    ///   where the content type says that it is something else.
    func json(depth: Int) throws(Problem) -> JSON {
        if let type = request.fields["Content-Type"], !Self.isJSON(type) {
            throw Problem(
                .invalidRequest,
                "The body has the content type '\(type.prefix(64))', wanted application/json."
            )
        }
        do {
            return try JSON.parse(request.body, limits: JSONLimits(bytes: request.body.count, depth: depth))
        } catch {
            throw Problem(.invalidRequest, "The body cannot be read as JSON: \(error).")
        }
    }

    /// One field of the query, which may be there once.
    ///
    /// - Throws: `Problem` with code `invalid_request` where it is there twice.
    func value(_ name: String, in query: Form) throws(Problem) -> String? {
        do {
            return try query.value(name)
        } catch {
            throw Problem(.invalidRequest, "The query has '\(name)' more than once.")
        }
    }

    /// What the job says of itself: the query's fields `claim`, each `NAME=VALUE`.
    ///
    /// - Throws: `Problem` with code `invalid_request`.
    func jobClaims(in query: Form) throws(Problem) -> JobClaims {
        let texts = query.fields.filter { $0.name == "claim" }.map(\.value)
        guard !texts.isEmpty else { return .none }
        do throws(JobClaimError) { return try JobClaims(texts) } catch { throw Problem(.invalidRequest, "\(error).") }
    }

    private static func isJSON(_ type: String) -> Bool {
        let essence = type.split(separator: ";", maxSplits: 1).first.map(String.init) ?? ""
        let trimmed = String(essence.drop { $0 == " " }.prefix { $0 != " " })
        return HTTPFields.equal(trimmed, "application/json")
    }
}

extension HTTPResponse {
    /// An answer of JSON that holds nothing secret.
    static func json(_ status: Int, _ body: JSON) -> HTTPResponse {
        HTTPResponse(status: status, fields: ["Content-Type": "application/json"], body: body.serialized())
    }

    /// An answer of JSON that holds a token or secret, which no cache may keep.
    static func secretJSON(_ status: Int, _ body: JSON) -> HTTPResponse {
        var response = json(status, body)
        response.fields.append("Cache-Control", "no-store")
        return response
    }

    /// An answer of plain text.
    static func text(_ status: Int, _ body: [UInt8], type: String = "text/plain; charset=utf-8") -> HTTPResponse {
        HTTPResponse(status: status, fields: ["Content-Type": type, "Cache-Control": "no-cache"], body: body)
    }
}
