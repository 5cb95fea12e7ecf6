internal import JSON

/// What AWS knows of a request: the values of its condition keys.
struct AWSContext {
    static let mainAction = "sts:AssumeRoleWithWebIdentity"

    /// The value of a condition key.
    enum Value: Equatable {
        /// The request has none; with the reason where that may surprise.
        case absent(String?)
        case values([String])
        /// It depends on what is not known here.
        case unknown(String)
    }

    private let presented: Presented
    /// The issuer as provider ARNs and condition keys name it: without `https://`.
    let host: String
    /// The account of the role that is asked for.
    let account: String?
    private let tags: [(key: String, value: String)]

    init(_ presented: Presented) {
        self.presented = presented
        let issuer = presented.issuer
        // Loopback stands in for an issuer where a policy is rehearsed against a sandbox.
        let isLoopback = ["http://127.", "http://[::1]", "http://localhost"].contains { issuer.hasPrefix($0) }
        host =
            issuer.hasPrefix("https://") ? String(issuer.dropFirst(8)) : isLoopback ? String(issuer.dropFirst(7)) : ""
        account = presented.role.flatMap { role in
            let parts = role.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count >= 6 ? String(parts[4]) : nil
        }
        var tags: [(key: String, value: String)] = []
        for tag in presented.claims[AWSClaims.tags]?["principal_tags"]?.asObject?.members ?? [] {
            tags.append((tag.name, tag.value.asArray?.first?.asString ?? tag.value.asString ?? ""))
        }
        for claim in presented.claims.members where claim.name.hasPrefix("\(AWSClaims.tags)/principal_tags/") {
            tags.append((String(claim.name.dropFirst(AWSClaims.tags.count + 16)), claim.value.asString ?? ""))
        }
        self.tags = tags
    }

    /// The actions that must all be allowed.
    var actions: [String] {
        var actions = [Self.mainAction]
        if presented.claims[AWSClaims.tags] != nil || !tags.isEmpty { actions.append("sts:TagSession") }
        if presented.claims[AWSClaims.sourceIdentity] != nil { actions.append("sts:SetSourceIdentity") }
        return actions
    }

    /// The claim that a condition key stands for; nil where it stands for none of a token's.
    static func path(of key: String) -> ClaimPath? {
        let lower = key.lowercased()
        if lower.hasPrefix("aws:requesttag/") {
            return ClaimPath(AWSClaims.tags, "principal_tags", String(key.dropFirst(15)))
        }
        if lower == "sts:sourceidentity" { return ClaimPath(AWSClaims.sourceIdentity) }
        if lower == "sts:roleauthorizedbyidp" { return ClaimPath(AWSClaims.roles) }
        guard let colon = key.lastIndex(of: ":"), key[..<colon].contains(".") else { return nil }
        return ClaimPath(String(key[key.index(after: colon)...]))
    }

    func value(of key: String) -> Value {
        let lower = key.lowercased()
        if let colon = key.lastIndex(of: ":"), key[..<colon].contains(".") {
            return claim(String(key[key.index(after: colon)...]), of: key[..<colon].lowercased())
        }
        if lower.hasPrefix("aws:requesttag/") {
            let name = String(lower.dropFirst(15))
            guard let tag = tags.first(where: { $0.key.lowercased() == name }) else { return .absent(nil) }
            return .values([tag.value])
        }
        switch lower {
        case "aws:tagkeys": return tags.isEmpty ? .absent(nil) : .values(tags.map(\.key))
        case "sts:transitivetagkeys":
            let keys = presented.claims[AWSClaims.tags]?["transitive_tag_keys"]?.asArray?.compactMap(\.asString) ?? []
            return keys.isEmpty ? .absent(nil) : .values(keys)
        case "sts:sourceidentity":
            return presented.claims[AWSClaims.sourceIdentity]?.asString.map { .values([$0]) } ?? .absent(nil)
        case "sts:roleauthorizedbyidp": return .values([presented.claims[AWSClaims.roles] == nil ? "false" : "true"])
        case "sts:rolesessionname":
            return presented.session.map { .values([$0]) }
                ?? .unknown("whoever assumes the role chooses it; give --session")
        case "aws:currenttime", "aws:epochtime":
            return presented.now.map { .values([String($0)]) } ?? .unknown("it is the time of the request")
        case "aws:securetransport": return .values(["true"])
        case "aws:sourceip", "aws:viaawsservice", "aws:useragent", "aws:requestedregion":
            return .unknown("it depends on the request, not on the token")
        default: return .unknown("this condition key is not known here")
        }
    }

    private func claim(_ name: String, of prefix: String) -> Value {
        guard prefix == host.lowercased() else {
            return .absent("the key is of another issuer than the token's, \(host.isEmpty ? "which has none" : host)")
        }
        let claims = presented.claims
        let lower = name.lowercased()
        switch lower {
        case "aud": return Self.strings(claims["azp"] ?? claims["aud"])
        case "oaud": return Self.strings(claims["aud"])
        case "sub", "email": return Self.strings(claims[lower])
        case "amr": return Self.strings(claims["amr"])
        default:
            guard let value = claims[name] ?? claims.members.first(where: { $0.name.lowercased() == lower })?.value
            else { return .absent(nil) }
            guard AWSClaims.isWellKnown(host) else {
                return .absent(
                    "AWS makes no condition key of this claim for an issuer of one's own: only sub, aud, amr, email"
                )
            }
            return Self.strings(value)
        }
    }

    private static func strings(_ value: JSON?) -> Value {
        switch value {
        case nil, .null?: .absent(nil)
        case .array(let elements)?: .values(elements.compactMap { $0.asString ?? $0.text })
        case .string(let text)?: .values([text])
        case let other?: .values([other.text])
        }
    }
}
