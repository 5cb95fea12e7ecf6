internal import Encoding
internal import HTTP
internal import JSON

/// The parameters of a request to a token endpoint, as a form or, where a service takes that too, as JSON.
struct OAuthParameters {
    private let form: Form

    /// Reads a request.
    ///
    /// - Throws: `OAuthRefusal` where it is none.
    init(_ request: HTTPRequest, json: Bool = false) throws(OAuthRefusal) {
        guard request.method == .post else { throw OAuthRefusal("invalid_request", "POST is wanted", status: 405) }
        let type = (request.fields["Content-Type"] ?? "").lowercased()
        if json, type.hasPrefix("application/json") {
            guard let members = (try? JSON.parse(request.body))?.asObject?.members else {
                throw OAuthRefusal("invalid_request", "the body is no JSON object")
            }
            form = Form(members.compactMap { member in member.value.asString.map { Form.Field(member.name, $0) } })
            return
        }
        guard type.hasPrefix("application/x-www-form-urlencoded") else {
            throw OAuthRefusal("invalid_request", "Content-Type must be application/x-www-form-urlencoded")
        }
        do throws(EncodingError) {
            form = try Form(parsing: String(decoding: request.body, as: UTF8.self))
        } catch {
            throw OAuthRefusal("invalid_request", "\(error)")
        }
    }

    /// A parameter that may be left out, and stands once.
    func value(_ name: String) throws(OAuthRefusal) -> String? {
        do throws(EncodingError) {
            return try form.value(name)
        } catch {
            throw OAuthRefusal("invalid_request", "\(error)")
        }
    }

    /// Every value of a parameter that may stand more than once.
    func all(_ name: String) -> [String] { form.fields.filter { $0.name == name }.map(\.value) }

    /// A parameter that must be there.
    func required(_ name: String) throws(OAuthRefusal) -> String {
        guard let value = try value(name), !value.isEmpty else {
            throw OAuthRefusal("invalid_request", "\(name) is missing")
        }
        return value
    }
}

/// An answer of a token endpoint that is an error (RFC 6749, section 5.2).
struct OAuthRefusal: Error {
    let code: String
    let text: String
    let status: Int

    init(_ code: String, _ text: String, status: Int = 400) {
        self.code = code
        self.text = text
        self.status = status
    }

    var response: HTTPResponse {
        var response = HTTPResponse.json(["error": .string(code), "error_description": .string(text)], status: status)
        if status == 405 { response.fields.append("Allow", "POST") }
        return response
    }
}

/// An answer of a Google API that is an error, in the form of google.rpc.Status.
struct RPCError: Error {
    let status: Int
    let code: String
    let message: String

    init(_ status: Int, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    var response: HTTPResponse {
        let error: JSONObject = [
            "code": .integer(Int64(status)), "message": .string(message), "status": .string(code),
        ]
        return .json(["error": .object(error)], status: status)
    }
}

extension HTTPResponse {
    /// An answer in JSON that nobody keeps.
    static func json(_ members: JSONObject, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: ["Content-Type": "application/json", "Cache-Control": "no-store"],
            body: JSON.object(members).serialized()
        )
    }
}
