internal import Encoding
internal import HTTP
internal import Time

/// What STS gives for a token or a signature that it takes.
struct STSResult {
    /// Whose token it was.
    struct WebIdentity {
        let subject: String
        let issuer: String
        let audience: String
    }

    let call: STSCall
    /// Nil where another session's keys, and no token, were what it was given for.
    let identity: WebIdentity?
    let session: STSSessions.Session
}

/// The XML of STS's answers.
enum STSDocument {
    private static let namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

    /// The answer that carries a credential.
    static func response(_ result: STSResult) -> HTTPResponse {
        let (call, session) = (result.call, result.session)
        let credentials = [
            element("AccessKeyId", session.accessKeyID),
            element("SecretAccessKey", session.secretAccessKey),
            element("SessionToken", session.sessionToken),
            element("Expiration", RFC3339.format(session.expires)),
        ]
        let user = [
            element("AssumedRoleId", "\(FakeSecret.roleID()):\(call.session)"),
            element("Arn", "arn:aws:sts::\(call.account):assumed-role/\(call.roleName)/\(call.session)"),
        ]
        var parts = [parent("Credentials", credentials), parent("AssumedRoleUser", user)]
        if let identity = result.identity {
            let provider = identity.issuer.drop(prefix: "https://").drop(prefix: "http://")
            parts += [
                element("SubjectFromWebIdentityToken", identity.subject),
                element("Provider", "arn:aws:iam::\(call.account):oidc-provider/\(provider)"),
                element("Audience", identity.audience),
            ]
        }
        if let source = session.sourceIdentity { parts.append(element("SourceIdentity", source)) }
        let action = result.identity == nil ? "AssumeRole" : "AssumeRoleWithWebIdentity"
        let id = FakeSecret.requestID()
        let root = [
            parent("\(action)Result", parts), parent("ResponseMetadata", [element("RequestId", id)]),
        ]
        return document("\(action)Response", root, status: 200, id)
    }

    /// The answer that carries an error.
    static func response(_ error: STSError) -> HTTPResponse {
        let parts = [element("Type", "Sender"), element("Code", error.code), element("Message", error.message)]
        let id = FakeSecret.requestID()
        return document("ErrorResponse", [parent("Error", parts), element("RequestId", id)], status: error.status, id)
    }

    private static func document(_ name: String, _ parts: [String], status: Int, _ id: String) -> HTTPResponse {
        let text = "<\(name) xmlns=\"\(namespace)\">\(parts.joined())</\(name)>\n"
        var fields: HTTPFields = ["Content-Type": "text/xml", "x-amzn-RequestId": id, "Cache-Control": "no-store"]
        if status == 405 { fields.append("Allow", "POST") }
        return HTTPResponse(status: status, fields: fields, body: Array(text.utf8))
    }

    private static func parent(_ name: String, _ parts: [String]) -> String { "<\(name)>\(parts.joined())</\(name)>" }

    private static func element(_ name: String, _ text: String) -> String { "<\(name)>\(escape(text))</\(name)>" }

    /// Text between tags (XML 1.0, section 2.4), without the control characters that XML has no way to write.
    private static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": escaped += " "
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

extension StringProtocol {
    /// The rest behind a beginning; the whole where it begins otherwise.
    fileprivate func drop(prefix: String) -> SubSequence { hasPrefix(prefix) ? dropFirst(prefix.count) : self[...] }
}
