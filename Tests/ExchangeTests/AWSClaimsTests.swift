import Claims
import Crypto
import Encoding
import Exchange
import JSON
import Ledger
import Policy
import Runs
import Support
import Testing
import Tokens

@Suite("What AWS reads in a token")
struct AWSClaimsTests {
    private static let keys = Result { try IssuerKeys.generate(for: [.es256]) }

    /// What a policy decides for a run at a target with some AWS settings.
    private func decide(
        _ aws: AWSTarget,
        _ further: [Claim] = [],
        _ changes: [StandardClaim: String] = [:]
    ) throws -> Decision<Grant> {
        var rule = TokenRule(
            audience: "sts.amazonaws.com",
            algorithm: .es256,
            lifetime: .seconds(300),
            maximumLifetime: .seconds(300),
            subject: .standard,
            subjectLimit: .aws,
            allow: try RuleList([try .of(["project": ["**"]])])
        )
        rule.added = try Target(name: "aws-prod", service: .aws(aws)).addedClaims
        let policy = try Policy(PolicyRules(targets: ["aws-prod": rule]))
        return policy.targetGrant(for: try .sample(changes, further: further), target: "aws-prod")
    }

    /// The claims of the token that a run gets, which is recorded before it can be read.
    private func claims(_ aws: AWSTarget, _ further: [Claim] = []) async throws -> JSONObject {
        let grant = try decide(aws, further).allowed()
        let issuer = try Issuer(url: IssuerURL("https://ci.example.com"), keys: Self.keys.get())
        let book = try LedgerHarness(storage: MemoryLedgerStorage())
        try book.create()
        let signer = TokenSigner(trusted: issuer, untrusted: issuer, clock: book.clock.wall)
        let sealed = try signer.sign(grant).seal(recordedAs: Entry(.tokenIssued, .succeeded, trace: "t"))
        let text = try await book.open().record(sealed).take().text
        let payload = try Base64URL.decode(text.split(separator: ".")[1])
        return try #require(try JSON.parse(payload).asObject)
    }

    private func aws(
        tags: [AWSSessionTag] = [],
        sourceIdentity: String? = nil,
        pinsRole: Bool = true
    ) throws -> AWSTarget {
        try AWSTarget(
            role: roleARN,
            region: "eu-west-1",
            tags: tags,
            sourceIdentity: sourceIdentity,
            pinsRole: pinsRole
        )
    }

    @Test("the token is good for the target's role alone, unless the target says otherwise")
    func pinned() async throws {
        let pinned = try await claims(try aws())
        #expect(pinned["https://aws.amazon.com/roles"] == [.string(roleARN)])
        #expect(pinned["project"] == "acme/web")
        let unpinned = try await claims(try aws(pinsRole: false))
        #expect(unpinned["https://aws.amazon.com/roles"] == nil)
        #expect(unpinned.members.count == pinned.members.count - 1)
    }

    @Test("tags are made of the run's claims, one value each; a claim that the run lacks makes none")
    func tags() async throws {
        let tags = [
            AWSSessionTag(key: "Project", claim: "project"),
            AWSSessionTag(key: "Team", claim: "team", isTransitive: true),
            AWSSessionTag(key: "Tier", claim: "tier", isTransitive: true),
        ]
        let claims = try await claims(try aws(tags: tags), [Claim("team", "Grüne Wiese=1")])
        #expect(
            claims["https://aws.amazon.com/tags"] == [
                "principal_tags": ["Project": ["acme/web"], "Team": ["Grüne Wiese=1"]], "transitive_tag_keys": ["Team"],
            ]
        )
        let none = try await self.claims(try aws(tags: [AWSSessionTag(key: "Tier", claim: "tier")]))
        #expect(none["https://aws.amazon.com/tags"] == nil)
    }

    @Test("the source identity is the run's claim")
    func identity() async throws {
        let claims = try await claims(try aws(sourceIdentity: "team"), [Claim("team", "jane@acme.example")])
        #expect(claims["https://aws.amazon.com/source_identity"] == "jane@acme.example")
    }

    @Test(
        "a value that STS would refuse the call for is refused before, with the claim, the value and the limit",
        arguments: [
            ("web's", false, "at most 256 letters"), ("a&b", false, "at most 256 letters"),
            (String(repeating: "x", count: 257), false, "at most 256 letters"), ("refs/heads/main", true, "2 to 64"),
            ("x", true, "2 to 64"), (String(repeating: "x", count: 65), true, "2 to 64"), ("jané", true, "2 to 64"),
        ]
    )
    func refused(_ value: String, asIdentity: Bool, limit: String) throws {
        let aws = try aws(
            tags: asIdentity ? [] : [AWSSessionTag(key: "Team", claim: "team")],
            sourceIdentity: asIdentity ? "team" : nil
        )
        let refusal = try #require(try decide(aws, [Claim("team", value)]).refusal)
        #expect(refusal.code == .added)
        #expect(refusal.claim == "team")
        #expect(refusal.seen == value)
        #expect(refusal.wanted?.hasPrefix(limit) == true)
        #expect(refusal.message.contains("target 'aws-prod' is refused: it needs claim team to be \(limit)"))
    }

    @Test("a run without the claim of the source identity is refused: the trust policy would be")
    func noIdentity() throws {
        let refusal = try #require(try decide(try aws(sourceIdentity: "team")).refusal)
        #expect(refusal.seen == nil)
        #expect(refusal.message.hasSuffix("and this run has none"))
    }

    @Test("values at the limits are taken")
    func limits() throws {
        let long = String(repeating: "é", count: 256)
        let tags = [AWSSessionTag(key: "Team", claim: "team")]
        #expect(try decide(try aws(tags: tags), [Claim("team", long)]).refusal == nil)
        let identity = String(repeating: "x", count: 64)
        #expect(try decide(try aws(sourceIdentity: "team"), [Claim("team", identity)]).refusal == nil)
    }
}
