internal import Encoding
internal import HTTP

/// The parameters of AssumeRoleWithWebIdentity or AssumeRole, within the limits of their model.
struct STSCall {
    /// What proves who asks.
    enum Action {
        case webIdentity(token: String)
        /// The signature of an earlier session.
        case session
    }

    let role: String
    let account: String
    let roleName: String
    let session: String
    let action: Action
    /// How long the credential is to live.
    let seconds: Int64
    private let form: Form

    /// Reads a request.
    ///
    /// - Throws: `STSError`.
    init(_ request: HTTPRequest) throws(STSError) {
        guard request.method == .post else { throw STSError("InvalidAction", "only POST is played", status: 405) }
        do throws(EncodingError) {
            form = try Form(parsing: String(decoding: request.body, as: UTF8.self))
        } catch {
            throw STSError("MalformedQueryString", "\(error)")
        }
        let name = try Self.value("Action", in: form) ?? "null"
        guard ["AssumeRoleWithWebIdentity", "AssumeRole"].contains(name),
            try Self.value("Version", in: form) == "2011-06-15"
        else {
            let words = "Could not find operation \(name) for version 2011-06-15"
            throw STSError("InvalidAction", words)
        }
        role = try Self.text("RoleArn", in: form, length: 20...2048)
        session = try Self.text("RoleSessionName", in: form, length: 2...64)
        action =
            name == "AssumeRole"
            ? .session : .webIdentity(token: try Self.text("WebIdentityToken", in: form, length: 4...20_000))
        seconds = try Self.seconds(in: form)
        (account, roleName) = try Self.parts(of: role)
        try checkSession()
        try checkPolicies()
        if try Self.value("ExternalId", in: form) != nil {
            _ = try Self.text("ExternalId", in: form, length: 2...1224)
        }
        if try Self.value("ProviderId", in: form) != nil {
            throw STSError("ValidationError", "ProviderId is for OAuth 2.0 access tokens, not for ID tokens")
        }
    }

    private func checkSession() throws(STSError) {
        let isAllowed = session.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) && byte < 0x80
                || Self.punctuation.contains(byte)
        }
        if !isAllowed {
            throw Self.failure("RoleSessionName", session, "satisfy regular expression pattern: [\\w+=,.@-]*")
        }
    }

    private static let punctuation = Array("_+=,.@-".utf8)

    private func checkPolicies() throws(STSError) {
        let arns = form.fields.filter { $0.name.hasPrefix("PolicyArns.member.") }
        if arns.count > 10 { throw Self.failure("PolicyArns", "\(arns.count)", "have length less than or equal to 10") }
        if try Self.value("Policy", in: form) != nil { _ = try Self.text("Policy", in: form, length: 1...2048) }
    }

    private static func seconds(in form: Form) throws(STSError) -> Int64 {
        guard let text = try value("DurationSeconds", in: form) else { return 3600 }
        guard let seconds = Int64(text) else { throw failure("DurationSeconds", text, "be an integer") }
        if seconds < 900 { throw failure("DurationSeconds", text, "have value greater than or equal to 900") }
        if seconds > 43_200 { throw failure("DurationSeconds", text, "have value less than or equal to 43200") }
        return seconds
    }

    /// The account and the name of a role's ARN: `arn:aws:iam::123456789012:role/path/name`.
    private static func parts(of role: String) throws(STSError) -> (account: String, name: String) {
        let parts = role.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "iam", parts[3].isEmpty,
            parts[4].utf8.count == 12, parts[4].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            parts[5].hasPrefix("role/"), let name = parts[5].split(separator: "/").dropFirst().last
        else { throw STSError("ValidationError", "Request ARN is invalid") }
        return (String(parts[4]), String(name))
    }

    private static func text(_ name: String, in form: Form, length: ClosedRange<Int>) throws(STSError) -> String {
        guard let text = try value(name, in: form) else { throw failure(name, nil, "not be null") }
        let count = text.unicodeScalars.count
        // Never the value itself, which may be the token.
        let shown = name == "WebIdentityToken" ? "***" : text
        if count < length.lowerBound {
            throw failure(name, shown, "have length greater than or equal to \(length.lowerBound)")
        }
        if count > length.upperBound {
            throw failure(name, shown, "have length less than or equal to \(length.upperBound)")
        }
        return text
    }

    private static func value(_ name: String, in form: Form) throws(STSError) -> String? {
        do throws(EncodingError) {
            return try form.value(name)
        } catch {
            throw STSError("MalformedQueryString", "\(error)")
        }
    }

    private static func failure(_ name: String, _ value: String?, _ constraint: String) -> STSError {
        let value = value.map { "'\($0)'" } ?? "null"
        let member = name.prefix(1).lowercased() + name.dropFirst()
        let words = "Value \(value) at '\(member)' failed to satisfy constraint: Member must \(constraint)"
        return STSError("ValidationError", "1 validation error detected: \(words)")
    }
}
