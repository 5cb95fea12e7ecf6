internal import JSON
internal import Text

/// The federated identity credentials of an application or a managed identity, of which any admits a token.
package struct AzureCredentials: TrustPolicy {
    package let kind = PolicyKind.azure
    let root: PolicyNode
    let credentials: [AzureCredential]

    /// The issuers of which Entra takes expressions in place of a subject.
    static func takesExpressions(_ issuer: String) -> Bool {
        issuer == "https://token.actions.githubusercontent.com" || issuer == "https://gitlab.com"
            || issuer == "https://app.terraform.io"
    }

    /// Reads one credential or a list, as Graph and `az` write them.
    ///
    /// - Throws: `TrustError`.
    init(_ root: PolicyNode) throws(TrustError) {
        self.root = root
        var credentials: [AzureCredential] = []
        for node in (root["value"] ?? root).elements {
            credentials.append(
                try AzureCredential(node["properties"] ?? node, number: credentials.count + 1, name: node["name"]?.text)
            )
        }
        guard !credentials.isEmpty else {
            throw TrustError(
                root.place,
                "there is no credential in it",
                fix: "write one, with issuer, subject and audiences"
            )
        }
        self.credentials = credentials
    }

    /// What the policy makes of a token.
    package func explain(_ presented: Presented) -> Explanation {
        Explanation(.azure, credentials.map { $0.clause(presented) })
    }
}

/// One federated identity credential.
struct AzureCredential: Sendable {
    let name: String
    let place: Place
    let issuer: PolicyNode
    let subject: PolicyNode?
    let audiences: PolicyNode
    let expression: PolicyNode?

    init(_ node: PolicyNode, number: Int, name: String?) throws(TrustError) {
        self.name = "credential \(name ?? String(number))"
        place = node.place
        issuer = try node.required("issuer", of: self.name)
        audiences = try node.required("audiences", of: self.name)
        subject = node["subject"]
        expression = node["claimsMatchingExpression"]?["value"]
        guard subject != nil || expression != nil else {
            throw TrustError(place, "\(self.name) has no subject", fix: "write the exact sub of the job's tokens")
        }
    }

    func clause(_ presented: Presented) -> Clause {
        Clause(name, place, [issuerCheck(presented), audienceCheck(presented)] + subjectChecks(presented))
    }

    private func issuerCheck(_ presented: Presented) -> Check {
        let (wanted, seen) = (issuer.text ?? "", presented.issuer)
        let isSlash = wanted != seen && (wanted == seen + "/" || wanted + "/" == seen)
        return Check(
            issuer.place,
            "equals",
            "iss",
            wanted: "'\(wanted)'",
            seen: "'\(seen)'",
            Verdict(wanted.isSameBytes(as: seen)),
            note: isSlash ? "they differ by a slash at the end" : nil,
            change: "write \"\(seen)\" as issuer"
        )
    }

    private func audienceCheck(_ presented: Presented) -> Check {
        let (wanted, seen) = (audiences.texts, presented.audiences)
        return Check(
            audiences.place,
            "equals",
            "aud",
            wanted: wanted.map { "'\($0)'" }.joined(separator: " or "),
            seen: seen.isEmpty ? "nothing" : seen.map { "'\($0)'" }.joined(separator: ", "),
            seen.count > 1 && !Set(seen).isDisjoint(with: wanted)
                ? .cannotTell : Verdict(!Set(seen).isDisjoint(with: wanted)),
            note: seen.count > 1 ? "what Entra makes of several audiences is not documented" : nil,
            change: "ask for a token with the audience \"\(wanted.first ?? "api://AzureADTokenExchange")\""
        )
    }

    private func subjectChecks(_ presented: Presented) -> [Check] {
        let seen = presented.claims["sub"]?.asString
        if let subject, expression == nil {
            let wanted = subject.text ?? ""
            let isSame = seen.map { $0.isSameBytes(as: wanted) } ?? false
            let isCase = !isSame && seen?.lowercased() == wanted.lowercased()
            return [
                Check(
                    subject.place,
                    "equals",
                    "sub",
                    wanted: "'\(wanted)'",
                    seen: seen.map { "'\($0)'" } ?? "nothing",
                    Verdict(isSame && wanted.unicodeScalars.count <= 600),
                    note: isCase
                        ? "they differ in case alone, which counts (AADSTS7002138)"
                        : wanted.contains("*") ? "a * stands for itself: Entra has no wildcards in a subject" : nil,
                    change: seen.map { "write \"\($0)\" as subject, or a further credential with it" }
                )
            ]
        }
        guard let expression else { return [] }
        guard AzureCredentials.takesExpressions(presented.issuer) else {
            return [
                Check(
                    expression.place,
                    "claimsMatchingExpression",
                    "iss",
                    wanted: "GitHub, GitLab or Terraform Cloud",
                    seen: "'\(presented.issuer)'",
                    .fail,
                    note: "Entra takes expressions of no other issuer (AADSTS7002241)",
                    change: "write subject, with the exact sub, in its place"
                )
            ]
        }
        return AzureExpression(expression.text ?? "").checks(presented.claims, expression.place)
    }
}

/// A flexible credential's expression: comparisons joined by `and`.
struct AzureExpression {
    struct Term {
        let claim: String
        let test: String
        let value: String
    }

    /// The comparisons; nil where the expression is none that is understood here.
    let terms: [Term]?
    let text: String

    init(_ text: String) {
        self.text = text
        var terms: [Term] = []
        var isUnderstood = true
        for part in Self.parts(text) {
            if let term = Self.term(part) { terms.append(term) } else { isUnderstood = false }
        }
        self.terms = isUnderstood && !terms.isEmpty ? terms : nil
    }

    /// What stands between ` and `, outside quotes.
    private static func parts(_ text: String) -> [String] {
        var parts = [""]
        var isQuoted = false
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !isQuoted, word.lowercased() == "and" {
                parts.append("")
                continue
            }
            if word.count(where: { $0 == "'" }) % 2 == 1 { isQuoted.toggle() }
            parts[parts.count - 1] += parts[parts.count - 1].isEmpty ? word : " " + word
        }
        return parts
    }

    /// `claims['sub'] matches 'repo:x:*'`.
    private static func term(_ text: String) -> Term? {
        let parts = text.split(separator: "'", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "claims[", parts[4].isEmpty, parts[2].hasPrefix("]") else { return nil }
        let test = parts[2].dropFirst().filter { $0 != " " }
        guard ["eq", "matches"].contains(test) else { return nil }
        return Term(claim: String(parts[1]), test: test, value: String(parts[3]))
    }

    func checks(_ claims: JSONObject, _ place: Place) -> [Check] {
        guard let terms else {
            return [
                Check(
                    place,
                    "claimsMatchingExpression",
                    "the token",
                    wanted: text,
                    seen: "",
                    .cannotTell,
                    note: "only eq and matches, joined by and, are understood here",
                    change: "write it with eq and matches"
                )
            ]
        }
        return terms.map { term in
            let seen = claims[term.claim]?.asString
            let holds = seen.map { seen in
                term.test == "eq" ? seen.isSameBytes(as: term.value) : Glob(term.value, hasOne: true).matches(seen)
            }
            return Check(
                place,
                term.test,
                term.claim,
                wanted: "'\(term.value)'",
                seen: seen.map { "'\($0)'" } ?? "nothing",
                Verdict(holds ?? false),
                change: seen.map { "compare \(term.claim) with '\($0)'" } ?? "have the token carry \(term.claim)"
            )
        }
    }
}
