import Doctor
import Exchange
import Support
import Testing

@Suite("A refused trade is explained by the cloud's own code")
struct TradeTests {
    private static let subject = "project:acme/web:ref:refs/heads/main"

    private func explain(_ failure: ExchangeFailure, _ service: Target.Service) throws -> Check {
        let target = try Target(name: "prod", service: service)
        return Doctor.trade(failure, at: target, subject: Self.subject, issuer: "https://ci.example.com")
    }

    private static func aws(tags: [AWSSessionTag] = [], sourceIdentity: String? = nil) throws -> Target.Service {
        .aws(
            try AWSTarget(
                role: "arn:aws:iam::123456789012:role/deploy",
                region: "eu-west-1",
                tags: tags,
                sourceIdentity: sourceIdentity
            )
        )
    }

    @Test("a role without the tag permission is told from one whose conditions do not match")
    func tags() throws {
        let denied = ExchangeFailure(.refused, code: "AccessDenied", message: "Not authorized")
        let tagged = try explain(denied, Self.aws(tags: [AWSSessionTag(key: "Team", claim: "team")]))
        #expect(tagged.fix.contains("allow sts:TagSession"))
        let identified = try explain(denied, Self.aws(sourceIdentity: "actor"))
        #expect(identified.fix.contains("allow sts:SetSourceIdentity"))
        let plain = try explain(denied, Self.aws())
        #expect(!plain.fix.contains("sts:TagSession"))
        #expect(plain.wanted.contains(Self.subject))
        #expect(plain.fix.contains("jobpass trust generate prod"))
    }

    @Test(
        "OpenBao's words lead to the setting that is wrong",
        arguments: [
            ("error validating token: invalid audience (aud) claim: audience claim does not match", "bound_audiences"),
            ("error validating token: invalid issuer (iss) claim", "bound_issuer"),
            ("error validating claims: claim \"ref\" does not match any associated bound claim values", "bound_claims"),
            ("error validating token: invalid expiration time (exp) claim: token is expired", "compare the clocks"),
            ("role \"nope\" could not be found", "'role'"), ("permission denied", "bao auth enable -path=ci jwt"),
            ("error verifying token signature: failed to verify id token signature", "jwks.json"),
        ]
    )
    func vault(words: String, fix: String) throws {
        let target = Target.Service.vault(
            try VaultTarget(address: "https://vault.example.com", role: "deploy", mount: "ci")
        )
        let check = try explain(ExchangeFailure(.refused, code: "http-400", message: words), target)
        #expect("\(check.wanted) \(check.fix)".contains(fix), "\(check)")
    }

    @Test("an outage keeps the advice of its own")
    func outage() throws {
        let failure = ExchangeFailure(.outage, code: "connection", message: "refused")
        #expect(try explain(failure, Self.aws()).fix == failure.advice)
    }
}
