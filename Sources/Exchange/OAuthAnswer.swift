internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// What a token endpoint gives (RFC 6749, section 5.1; RFC 8693, section 2.2.1).
struct OAuthAnswer {
    /// The credential, whatever its kind.
    let token: String
    /// When it ends; nil where the answer does not say.
    let expires: UnixTime?
    let members: JSONObject

    /// Reads the answer of a service that errors call by `name`.
    ///
    /// `expires_in` may be text, as older servers write it; where it is missing, a JWT's own `exp` tells the end.
    ///
    /// - Throws: `ExchangeFailure` of a broken answer.
    init(_ answer: CloudAnswer, of name: String, tokenLimit: Int = 65_536) throws(ExchangeFailure) {
        members = try CloudJSON.object(in: answer.response, of: name)
        token = try CloudJSON.visible("access_token", in: members, of: name, limit: tokenLimit)
        if let lifetime = members["expires_in"] {
            guard let seconds = Self.seconds(lifetime) else {
                throw .broken(name, "expires_in is no number of seconds from 1")
            }
            expires = answer.asked + .seconds(seconds)
        } else {
            expires = CloudJSON.end(ofToken: token)
        }
        guard expires.map({ $0 > answer.came }) ?? true else {
            throw .broken(name, "the credential had expired when it came")
        }
    }

    /// A life in seconds, written as a number or as the text of one; nil where it is neither, or absurd.
    static func seconds(_ value: JSON) -> Int64? {
        let number = value.asInteger ?? value.asString.flatMap { $0.utf8.count <= 12 ? Int64($0) : nil }
        return number.flatMap { (1...CloudJSON.longestLife).contains($0) ? $0 : nil }
    }

    /// What of an answer anyone may see: the kind of the token and what it is good for.
    var details: JSONObject {
        var details = JSONObject()
        for name in ["token_type", "issued_token_type", "scope"] {
            details[name] = members[name]?.asString.map { .string(CloudText.line($0)) }
        }
        return details
    }
}

/// What a token endpoint refuses with (RFC 6749, section 5.2; RFC 8693, section 2.2.2).
struct OAuthError {
    let code: String
    let description: String
    let members: JSONObject

    /// Reads a 4xx; nil where it is no error of OAuth's.
    init?(_ response: HTTPResponse) {
        guard let members = (try? JSON.parse(response.body))?.asObject, let code = members["error"]?.asString else {
            return nil
        }
        self.code = code
        self.members = members
        description = members["error_description"]?.asString ?? "no reason given"
    }

    /// Whether the request was at fault rather than the token, so that no other run would fare better.
    var isMisconfiguration: Bool {
        ["invalid_scope", "invalid_target", "unsupported_grant_type", "invalid_request_uri"].contains(code)
    }
}

/// What the answers in JSON of more than one service are held to.
enum CloudJSON {
    /// A hundred years: more seconds than that are no life, and would overflow a moment in the end.
    static let longestLife: Int64 = 36_500 * 86_400

    static func object(in response: HTTPResponse, of name: String) throws(ExchangeFailure) -> JSONObject {
        let answer: JSON
        do throws(JSONError) { answer = try JSON.parse(response.body) } catch {
            // Not the parser's own reason: it may quote the answer.
            throw .broken(name, "the answer is no JSON (line \(error.line), column \(error.column))")
        }
        guard let object = answer.asObject else { throw .broken(name, "the answer is no JSON object") }
        return object
    }

    /// A text that goes into the environment as it came: visible ASCII.
    static func visible(
        _ member: String,
        in object: JSONObject,
        of name: String,
        limit: Int
    ) throws(ExchangeFailure) -> String {
        guard let text = object[member]?.asString, SettingCheck.isVisible(text, limit: limit) else {
            throw .broken(name, "\(member) is missing, or not visible ASCII of at most \(limit) bytes")
        }
        return text
    }

    /// The `exp` of a JWT that nobody here verifies: it is another's, and only tells when to ask again.
    static func end(ofToken token: String) -> UnixTime? {
        guard let seconds = payload(ofToken: token)?["exp"]?.asInteger, (1...253_402_300_799).contains(seconds) else {
            return nil
        }
        return UnixTime(seconds: seconds)
    }

    /// A claim of a JWT that nobody here verifies.
    static func claim(_ name: String, ofToken token: String) -> String? { payload(ofToken: token)?[name]?.asString }

    private static func payload(ofToken token: String) -> JSONObject? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = try? Base64URL.decode(parts[1]) else { return nil }
        return (try? JSON.parse(bytes))?.asObject
    }
}

extension ExchangeFailure {
    /// An answer of 200 that is not one of the service's.
    static func broken(_ name: String, _ message: String) -> ExchangeFailure {
        ExchangeFailure(.brokenAnswer, code: "no-\(name)-answer", message: message)
    }

    /// A 4xx that is not one of the service's.
    static func foreign(_ status: Int, insteadOf service: String) -> ExchangeFailure {
        ExchangeFailure(
            .refused,
            code: "http-\(status)",
            message: "the answer is no error of \(service); something before it may have refused"
        )
    }
}
