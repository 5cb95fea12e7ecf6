package import Exchange
package import Time

/// What a trade came to, explained.
extension Doctor {
    /// A cloud's no or an outage, by its own code, with the next step.
    package static func trade(_ failure: ExchangeFailure, at target: Target, subject: String, issuer: String) -> Check {
        let place = "target \(target.name)"
        let seen = "\(failure.kind.rawValue.replacing("_", with: " ")): \(failure)"
        let explanation = Explanation(failure, target, subject: subject, issuer: issuer)
        return .failed("trade", place, seen: seen, wanted: explanation.wanted, fix: explanation.fix)
    }

    /// A token without session tags was taken where one with them was refused.
    package static func tags(at target: Target, subject: String) -> Check {
        guard case .aws(let aws) = target.service else {
            return .skipped("trade.tags", "target \(target.name)", because: "only AWS takes tags")
        }
        let actions =
            (aws.tags.isEmpty ? [] : ["sts:TagSession"]) + (aws.sourceIdentity == nil ? [] : ["sts:SetSourceIdentity"])
        return .failed(
            "trade.tags",
            "target \(target.name)",
            seen: "the same token without tags and source identity is taken, for \(subject)",
            wanted: "\(actions.joined(separator: " and ")) in the Action of the trust policy of \(aws.role)",
            fix:
                "add \(actions.joined(separator: " and ")) beside sts:AssumeRoleWithWebIdentity; the conditions are right"
        )
    }

    /// A credential came.
    package static func trade(at target: Target, subject: String, expires: UnixTime?) -> Check {
        let end = expires.map { ", good until \(RFC3339.format($0))" } ?? ""
        let kept = "revoked or dropped at once"
        return .passed("trade", "target \(target.name)", seen: "a credential for \(subject)\(end), \(kept)")
    }
}

/// What a refusal means at this very target.
struct Explanation {
    let wanted: String
    let fix: String

    init(_ failure: ExchangeFailure, _ target: Target, subject: String, issuer: String) {
        let generated = "jobpass trust generate \(target.name)"
        let words = failure.message.lowercased()
        switch target.service {
        case .aws(let aws) where failure.code == "AccessDenied":
            (wanted, fix) = Self.denied(aws, subject, generated)
        case .aws where failure.code == "InvalidIdentityToken" && words.contains("audience"):
            wanted = "the token's aud among the provider's client ids"
            fix = "aws iam add-client-id-to-open-id-connect-provider, or set the target's 'audience'"
        case .vault(let vault):
            (wanted, fix) = Self.vault(vault, words, subject, issuer, generated) ?? ("a login", failure.advice)
        default:
            wanted = "a credential for \(subject)"
            fix = failure.advice
        }
    }

    private static func denied(_ aws: AWSTarget, _ subject: String, _ generated: String) -> (String, String) {
        var actions: [String] = []
        if !aws.tags.isEmpty { actions.append("sts:TagSession, since the target sends session tags") }
        if aws.sourceIdentity != nil { actions.append("sts:SetSourceIdentity, since it sends a source identity") }
        let needs = actions.isEmpty ? "" : "allow \(actions.joined(separator: " and ")), and "
        return (
            "a trust policy of \(aws.role) that lets in sub '\(subject)'"
                + (actions.isEmpty ? "" : " with \(actions.joined(separator: " and "))"),
            "in the Action of the role's trust policy \(needs)compare its conditions with that sub; a tight policy is "
                + "written by: \(generated) --format aws-cli"
        )
    }

    /// OpenBao and Vault tell what is wrong in words alone, which have not changed in years.
    private static func vault(
        _ vault: VaultTarget,
        _ words: String,
        _ subject: String,
        _ issuer: String,
        _ generated: String
    ) -> (String, String)? {
        let role = "auth/\(vault.mount)/role/\(vault.role)"
        let all = "; the whole of it: \(generated) --format bao"
        if words.contains("audience") {
            return (
                "the role's bound_audiences to hold the token's aud",
                "set bound_audiences of \(role) to the target's 'audience', or the other way round\(all)"
            )
        }
        if words.contains("(iss)") || words.contains("issuer") {
            return (
                "bound_issuer \(issuer)",
                "set bound_issuer and oidc_discovery_url of auth/\(vault.mount)/config to '\(issuer)', to the letter\(all)"
            )
        }
        if words.contains("bound claim") || words.contains("validating claims") || words.contains("subject") {
            return (
                "claims that the role binds, for sub '\(subject)'",
                "compare bound_claims and bound_subject of \(role) with the run's claims\(all)"
            )
        }
        if words.contains("expired") || words.contains("not yet valid") {
            return (
                "clocks that agree", "compare the clocks of the broker and of \(vault.address.url): 60 s are allowed"
            )
        }
        if words.contains("role") && words.contains("could not be found") {
            return ("a role '\(vault.role)'", "make it, or mend the target's 'role'\(all)")
        }
        if words.contains("permission denied") {
            return (
                "a JWT auth method at auth/\(vault.mount)",
                "nothing is mounted there, or it is no JWT auth method: see 'bao auth list', then mend the target's 'mount', or "
                    + "enable it: bao auth enable -path=\(vault.mount) jwt\(all)"
            )
        }
        if words.contains("signature") {
            return (
                "the issuer's keys",
                "the server knows no key of the token's kid: it must reach \(issuer)/.well-known/jwks.json"
            )
        }
        return nil
    }
}
