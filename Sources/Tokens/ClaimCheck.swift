internal import JSON
internal import Time

/// Compares a verified payload with the rules: RFC 7519, section 4.1, and RFC 8725, sections 3.8, 3.9 and 3.11.
struct ClaimCheck {
    private let claims: JSONObject
    private let rules: VerificationRules
    private let now: UnixTime

    init(_ claims: JSONObject, _ rules: VerificationRules, now: UnixTime) {
        self.claims = claims
        self.rules = rules
        self.now = now
    }

    /// Checks every claim that a rule or its own meaning speaks of.
    ///
    /// - Throws: `TokenError` with code `claim`, `expired` or `notYetValid` for the first that is wrong.
    func check() throws(TokenError) {
        for name in rules.required where claims[name] == nil {
            throw TokenError(.claim, name, seen: "nothing", wanted: "the claim")
        }
        try checkIssuer()
        try checkAudience()
        for name in ["sub", "jti"] { _ = try text(name) }
        try checkTimes()
    }

    private func checkIssuer() throws(TokenError) {
        let seen = try text("iss")
        guard let wanted = rules.issuer else { return }
        guard let seen, seen.utf8.elementsEqual(wanted.utf8) else {
            throw TokenError(
                .claim,
                "iss",
                seen: seen.map { "'\($0)'" } ?? "nothing",
                wanted: "'\(wanted)', byte for byte"
            )
        }
    }

    private func checkAudience() throws(TokenError) {
        let audiences = try audiences()
        guard let wanted = rules.audiences else { return }
        let isMeant = audiences.contains { audience in
            wanted.contains { $0.utf8.elementsEqual(audience.utf8) }
        }
        guard isMeant else {
            throw TokenError(
                .claim,
                "aud",
                seen: claims["aud"]?.text ?? "nothing",
                wanted: wanted.map { "'\($0)'" }.joined(separator: " or ")
            )
        }
    }

    private func audiences() throws(TokenError) -> [String] {
        switch claims["aud"] {
        case nil: return []
        case .string(let audience): return [audience]
        case .array(let elements):
            let audiences = elements.compactMap(\.asString)
            if audiences.count == elements.count { return audiences }
        default: break
        }
        throw TokenError(.claim, "aud", seen: claims["aud"]?.text ?? "", wanted: "a string, or an array of strings")
    }

    private func checkTimes() throws(TokenError) {
        let leeway = rules.leeway
        if let expires = try time("exp"), now >= expires + leeway {
            throw TokenError(.expired, "exp", seen: RFC3339.format(expires), wanted: "later than \(clock)")
        }
        if let start = try time("nbf"), now + leeway < start {
            throw TokenError(.notYetValid, "nbf", seen: RFC3339.format(start), wanted: "not after \(clock)")
        }
        guard let issued = try time("iat") else { return }
        guard now + leeway >= issued else {
            throw TokenError(.notYetValid, "iat", seen: RFC3339.format(issued), wanted: "not after \(clock)")
        }
        if let maximumAge = rules.maximumAge, now - issued > maximumAge + leeway {
            throw TokenError(
                .expired,
                "iat",
                seen: RFC3339.format(issued),
                wanted: "at most \(maximumAge.text) before \(clock)"
            )
        }
    }

    private var clock: String { "\(RFC3339.format(now)), give or take \(rules.leeway.text)" }

    private func text(_ name: String) throws(TokenError) -> String? {
        guard let value = claims[name] else { return nil }
        guard let text = value.asString else { throw TokenError(.claim, name, seen: value.text, wanted: "a string") }
        return text
    }

    /// A NumericDate (RFC 7519, section 2), which may have a fraction, within the years that timestamps can say.
    private func time(_ name: String) throws(TokenError) -> UnixTime? {
        let latest: Int64 = 253_402_300_799  // 9999-12-31T23:59:59Z
        switch claims[name] {
        case nil: return nil
        case .integer(let seconds) where (0...latest).contains(seconds): return UnixTime(seconds: seconds)
        case .number(let seconds) where seconds >= 0 && seconds <= Double(latest):
            return UnixTime(milliseconds: Int64(seconds * 1000))
        default:
            throw TokenError(.claim, name, seen: claims[name]?.text ?? "", wanted: "seconds since 1970 as a number")
        }
    }
}
