internal import JSON
internal import Text

/// A role of OpenBao's or Vault's JWT auth method.
package struct VaultRole: TrustPolicy {
    package let kind = PolicyKind.vault
    let root: PolicyNode
    let body: PolicyNode

    /// Reads a role as it is written, or as `bao read -format=json` shows it.
    ///
    /// - Throws: `TrustError`.
    init(_ root: PolicyNode) throws(TrustError) {
        self.root = root
        body = root["data"] ?? root
        _ = try body.required("user_claim", of: "the role")
        if let claims = body["bound_claims"], !claims.isMapping {
            throw TrustError(claims.place, "bound_claims is an object", fix: "write claim and value pairs")
        }
    }

    var isGlob: Bool { body["bound_claims_type"]?.text == "glob" }
    var audiences: [String] {
        body["bound_audiences"]?.texts.flatMap { $0.split(separator: ",").map(String.init) } ?? []
    }

    /// What the policy makes of a token.
    package func explain(_ presented: Presented) -> Explanation {
        var checks = typeChecks
        if let issuer = body["bound_issuer"] {
            let seen = presented.issuer
            checks.append(
                Check(
                    issuer.place,
                    "bound_issuer",
                    "iss",
                    wanted: "'\(issuer.text ?? "")'",
                    seen: "'\(seen)'",
                    Verdict(seen.isSameBytes(as: issuer.text ?? "")),
                    change: "write \"\(seen)\""
                )
            )
        }
        checks += [subjectCheck(presented), audienceCheck(presented), userCheck(presented)].compactMap(\.self)
        checks += boundClaims.map { check($0, presented) }
        checks += mappingChecks(presented)
        if let groups = body["groups_claim"], let name = groups.text, !name.isEmpty {
            checks.append(groupsCheck(name, groups.place, presented))
        }
        if let ranges = body["token_bound_cidrs"], !ranges.texts.isEmpty {
            checks.append(
                Check(
                    ranges.place,
                    "token_bound_cidrs",
                    "the address",
                    wanted: ranges.texts.joined(separator: ", "),
                    seen: "not known",
                    .cannotTell,
                    change: "log in from one of these networks"
                )
            )
        }
        if let now = presented.now { checks += VaultTimes(body, presented.claims).checks(at: now) }
        return Explanation(.vault, [Clause("the role", root.place, checks)])
    }

    /// A role that is not of the type for logins by token takes none.
    private var typeChecks: [Check] {
        var checks: [Check] = []
        if let type = body["role_type"], type.text != "jwt" {
            checks.append(
                Check(
                    type.place,
                    "role_type",
                    "the login",
                    wanted: "jwt",
                    seen: "'\(type.text ?? "")'",
                    Verdict(type.text == "jwt"),
                    change: "write \"jwt\""
                )
            )
        } else if body["role_type"] == nil {
            checks.append(
                Check(
                    body.place,
                    "role_type",
                    "the login",
                    wanted: "jwt",
                    seen: "nothing",
                    .fail,
                    note: "without role_type a role is of type oidc, which takes no login by token",
                    change: "add \"role_type\": \"jwt\""
                )
            )
        }
        return checks
    }

    /// The claims that are bound, in the role's order.
    var boundClaims: [PolicyNode.Member] { body["bound_claims"]?.members ?? [] }

    /// The value of a claim, by its name or, where that begins with a slash, by a JSON pointer.
    static func value(of name: String, in claims: JSONObject) -> JSON? {
        guard name.hasPrefix("/") else { return claims[name] }
        return JSONPointer(name)?.value(in: .object(claims))
    }

    /// Where a claim is that a role names.
    static func path(of name: String) -> ClaimPath {
        guard name.hasPrefix("/") else { return ClaimPath(name) }
        return ClaimPath(
            names: name.split(separator: "/").map {
                $0.split(separator: "~1", omittingEmptySubsequences: false).joined(separator: "/")
                    .split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~")
            }
        )
    }

    private func subjectCheck(_ presented: Presented) -> Check? {
        guard let subject = body["bound_subject"], let wanted = subject.text, !wanted.isEmpty else { return nil }
        let seen = presented.claims["sub"]?.asString
        return Check(
            subject.place,
            "bound_subject",
            "sub",
            wanted: "'\(wanted)'",
            seen: seen.map { "'\($0)'" } ?? "nothing",
            Verdict(seen.map { $0.isSameBytes(as: wanted) } ?? false),
            note: wanted.contains("*") ? "bound_subject is exact: a * stands for itself" : nil,
            change: seen.map { "write \"\($0)\" as bound_subject" } ?? "have the token carry sub"
        )
    }

    private func audienceCheck(_ presented: Presented) -> Check {
        let (wanted, seen) = (audiences, presented.audiences)
        let place = body["bound_audiences"]?.place
        let shown = seen.isEmpty ? "nothing" : seen.map { "'\($0)'" }.joined(separator: ", ")
        guard !wanted.isEmpty else {
            return Check(
                place,
                "bound_audiences",
                "aud",
                wanted: "no audience",
                seen: shown,
                Verdict(seen.isEmpty),
                note: "a role that binds no audience refuses every token that has one",
                change: "add \"bound_audiences\": [\"\(seen.first ?? "")\"]"
            )
        }
        return Check(
            place,
            "bound_audiences",
            "aud",
            wanted: wanted.map { "'\($0)'" }.joined(separator: " or "),
            seen: shown,
            Verdict(!Set(seen).isDisjoint(with: wanted)),
            change: "ask for a token with the audience \"\(wanted[0])\""
        )
    }

    private func userCheck(_ presented: Presented) -> Check {
        let node = body["user_claim"]
        let name = node?.text ?? ""
        let isPointer = body["user_claim_json_pointer"]?.written == "true"
        let value = isPointer ? Self.value(of: name, in: presented.claims) : presented.claims[name]
        return Check(
            node?.place,
            "user_claim",
            name,
            wanted: "a text",
            seen: value.map(\.text) ?? "nothing",
            Verdict(value?.asString != nil),
            change: "name a claim that every token has, such as sub"
        )
    }

    private func mappingChecks(_ presented: Presented) -> [Check] {
        (body["claim_mappings"]?.members ?? []).compactMap { mapping in
            guard let value = Self.value(of: mapping.name, in: presented.claims), value != .null, value.asString == nil
            else {
                return nil
            }
            return Check(
                mapping.place,
                "claim_mappings",
                mapping.name,
                wanted: "a text",
                seen: value.text,
                .fail,
                change: "do not map \(mapping.name), or have the token carry it as text"
            )
        }
    }

    private func groupsCheck(_ name: String, _ place: Place, _ presented: Presented) -> Check {
        let value = Self.value(of: name, in: presented.claims)
        let elements = VaultValue.list(value, isAudience: name == "aud")
        return Check(
            place,
            "groups_claim",
            name,
            wanted: "a text or a list of texts",
            seen: value.map(\.text) ?? "nothing",
            Verdict(elements.map { $0.allSatisfy { $0.asString != nil } } ?? false),
            change: "name a claim that every token has, or none"
        )
    }

    private func check(_ bound: PolicyNode.Member, _ presented: Presented) -> Check {
        let value = Self.value(of: bound.name, in: presented.claims)
        let wanted = bound.value.elements.map(\.json)
        let (verdict, note) = VaultValue.matches(
            wanted,
            VaultValue.list(value, isAudience: bound.name == "aud"),
            isGlob: isGlob
        )
        let shown = value.map(\.text) ?? "nothing"
        return Check(
            bound.place,
            isGlob ? "bound_claims (glob)" : "bound_claims",
            bound.name,
            wanted: wanted.map(\.text).joined(separator: " or "),
            seen: shown,
            verdict,
            note: value == nil ? "the token has no such claim" : note ?? hint(wanted, value),
            change: value == nil || value == .null
                ? "have the token carry \(bound.name), or bind another claim"
                : "add \(shown) to bound_claims.\(bound.name)"
        )
    }

    /// What may have been meant.
    private func hint(_ wanted: [JSON], _ value: JSON?) -> String? {
        guard let value = value?.asString, !isGlob else { return nil }
        let isMeant = wanted.contains {
            $0.asString.map { $0.contains("*") && Glob($0, hasOne: false).matches(value) } ?? false
        }
        return isMeant ? "a * stands for itself unless bound_claims_type is glob" : nil
    }
}

/// How Vault compares a claim with what is bound.
enum VaultValue {
    /// A claim as a list; nil where it is of a kind that Vault does not compare, or missing.
    static func list(_ value: JSON?, isAudience: Bool) -> [JSON]? {
        switch value {
        case .string, .bool, .integer: value.map { [$0] }
        // Vault cuts a fraction off.
        case .number(let number)?: Int64(exactly: number.rounded(.towardZero)).map { [.integer($0)] }
        case .array(let elements)?: elements
        case .object?, .null?, nil: nil
        }
    }

    static func matches(_ wanted: [JSON], _ seen: [JSON]?, isGlob: Bool) -> (Verdict, String?) {
        guard let seen else { return (.fail, "the claim is no text, boolean, number or list") }
        for value in wanted {
            for claim in seen {
                if isGlob {
                    guard let pattern = value.asString else { return (.fail, "a glob is a text") }
                    if let text = claim.asString, Glob(pattern, hasOne: false).matches(text) { return (.pass, nil) }
                    continue
                }
                switch (value, claim) {
                case (.string, .string), (.bool, .bool): if value == claim { return (.pass, nil) }
                // Numbers inside a list are not compared as those are that stand alone.
                case (.integer, .integer): if seen.count == 1, value == claim { return (.pass, nil) }
                case (_, .array), (_, .object): return (.cannotTell, "a list inside a list")
                default: continue
                }
            }
        }
        return (.fail, nil)
    }
}

/// The times of a token, as Vault holds them to a role's leeways.
struct VaultTimes {
    private let skew: Int64
    private let expirationLeeway: Int64
    private let notBeforeLeeway: Int64
    private let claims: JSONObject

    init(_ role: PolicyNode, _ claims: JSONObject) {
        func seconds(_ name: String, _ usual: Int64) -> Int64 {
            let value = role[name]?.written.flatMap { Int64($0.hasSuffix("s") ? String($0.dropLast()) : $0) } ?? 0
            return value == 0 ? usual : max(value, 0)
        }
        skew = seconds("clock_skew_leeway", 60)
        expirationLeeway = seconds("expiration_leeway", 150)
        notBeforeLeeway = seconds("not_before_leeway", 150)
        self.claims = claims
    }

    func checks(at now: Int64) -> [Check] {
        let (issued, before, expires) = (claims["iat"]?.asInteger, claims["nbf"]?.asInteger, claims["exp"]?.asInteger)
        guard issued != nil || before != nil || expires != nil else {
            return [
                Check(
                    nil,
                    "time",
                    "exp, nbf or iat",
                    wanted: "one of them",
                    seen: "nothing",
                    .fail,
                    change: "have the token carry exp"
                )
            ]
        }
        let end = expires ?? max(issued ?? .min, before ?? .min) + expirationLeeway
        let start = before ?? issued ?? (expires ?? 0) - notBeforeLeeway
        return [
            Check(
                nil,
                "time",
                "exp",
                wanted: "after \(now - skew)",
                seen: "\(end)",
                Verdict(now - skew <= end),
                change: "ask for a fresh token"
            ),
            Check(
                nil,
                "time",
                "nbf",
                wanted: "at most \(now + skew)",
                seen: "\(max(start, issued ?? start))",
                Verdict(now + skew >= max(start, issued ?? start)),
                change: "set the issuer's clock right"
            ),
        ]
    }
}
