import Exchange
import HTTP
import JSON
import Ledger
import Support
import Testing
import Time

@Suite("Trading at AWS STS")
struct AWSTradeTests {
    @Test("the request is the form that AWS's own SDK sends, and has no signature")
    func request() async throws {
        let arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::123456789012:policy/own"]
        let harness = try TradeHarness([.status(403)])
        _ = try await harness.failure(at: awsTarget(policy: "{\"Statement\": []}", policyARNs: arns))
        let request = try #require(harness.network.requests.first)
        #expect(harness.network.requests.count == 1)
        #expect(request.method == .post)
        #expect(request.url == "https://sts.eu-west-1.amazonaws.com/")
        #expect(request.fields == ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"])
        #expect(request.certificateAuthorities == nil)
        let token = harness.sentToken()
        #expect(token.split(separator: ".").count == 3)
        // The order and the encoding are those that protocols.md, section 1.1, took down from botocore 1.43.
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                + "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdeploy"
                + "&RoleSessionName=acme-web.deploy.release%40run_4711&WebIdentityToken=\(token)&DurationSeconds=900"
                + "&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess"
                + "&PolicyArns.member.2.arn=arn%3Aaws%3Aiam%3A%3A123456789012%3Apolicy%2Fown"
                + "&Policy=%7B%22Statement%22%3A%20%5B%5D%7D"
        )
    }

    @Test("an answer with every element of the model becomes a credential")
    func model() async throws {
        let harness = try TradeHarness([.status(200, try Vectors.text("sts-model.xml"))])
        let credential = try await harness.obtain(at: awsTarget())
        #expect(credential.type == .aws)
        #expect(credential.expires == (try RFC3339.parse("2026-11-22T10:30:00Z")))
        #expect(
            credential.environment.texts() == [
                "AWS_ACCESS_KEY_ID": "ASgeIAIOSFODNN7EXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY",
                "AWS_SESSION_TOKEN": "AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp+IEXAMPLE/==", "AWS_REGION": "eu-west-1",
                "AWS_DEFAULT_REGION": "eu-west-1",
            ]
        )
        #expect(
            credential.details == [
                "region": "eu-west-1",
                "assumed_role_arn": "arn:aws:sts::123456789012:assumed-role/deploy/acme-web.deploy.release@run1",
                "assumed_role_id": "AROACLKWSDQRAOEXAMPLE:acme-web.deploy.release@run1", "source_identity": "release",
            ]
        )
    }

    @Test("an answer that moto gave becomes a credential, to the fraction of its expiry")
    func moto() async throws {
        let harness = try TradeHarness([.status(200, try Vectors.text("sts-moto.xml"))])
        let credential = try await harness.obtain(at: awsTarget())
        #expect(credential.expires == (try RFC3339.parse("2026-11-23T02:03:57.328Z")))
        #expect(credential.environment.texts()["AWS_ACCESS_KEY_ID"] == "ASIARZPUZDIKHSLTMZ4I")
    }

    @Test("the entry names the target, the key, the session and the expiry, and nothing secret")
    func recorded() async throws {
        let harness = try TradeHarness([.status(200, try Vectors.text("sts-model.xml"))])
        _ = try await harness.obtain(at: awsTarget())
        let entry = try harness.lastEntry()
        #expect(entry.kind == .exchangeSucceeded)
        #expect(entry.target == "aws-prod")
        #expect(entry.credential == "ASgeIAIOSFODNN7EXAMPLE")
        #expect(entry.session == "acme-web.deploy.release@run_4711")
        #expect(entry.expires == (try RFC3339.parse("2026-11-22T10:30:00Z")))
        let bytes = String(decoding: try harness.lastEntryBytes(), as: UTF8.self)
        #expect(!bytes.contains("wJalrXUtnFEMI") && !bytes.contains("AQoDYXdzEE0a8"))
    }

    /// What stands in the model's answer, and what a broken one has instead.
    static let broken: [(String, String)] = [
        ("AssumeRoleWithWebIdentityResponse", "AssumeRoleResponse"),
        ("AssumeRoleWithWebIdentityResult", "AssumeRoleResult"), ("Credentials>", "Keys>"),
        ("<AccessKeyId>ASgeIAIOSFODNN7EXAMPLE</AccessKeyId>", ""), ("ASgeIAIOSFODNN7EXAMPLE", ""),
        ("ASgeIAIOSFODNN7EXAMPLE", "AKIA\nAWS_PROFILE=x"), ("ASgeIAIOSFODNN7EXAMPLE", "AKIA X"),
        ("<AccessKeyId>", "<AccessKeyId>A</AccessKeyId><AccessKeyId>"), ("wJalrXUtnFEMI", "\u{fc}"),
        ("wJalrXUtnFEMI", String(repeating: "x", count: 300)), ("2026-11-22T10:30:00Z", "soon"),
        ("2026-11-22T10:30:00Z", "2026-11-22T09:30:00Z"), ("2026-11-22T10:30:00Z", "1970-01-01T00:00:00Z"),
        ("<Expiration>2026-11-22T10:30:00Z</Expiration>", ""), ("AQoDYXdz", String(repeating: "x", count: 70_000)),
        ("<AssumeRoleWithWebIdentityResponse xmlns", "<!DOCTYPE x []><AssumeRoleWithWebIdentityResponse xmlns"),
    ]

    @Test("an answer of 200 that is none of STS's is broken, and not asked for again", arguments: broken)
    func brokenAnswers(_ old: String, _ new: String) async throws {
        let body = try Vectors.text("sts-model.xml")
        #expect(body.contains(old))
        let pieces = body.split(separator: old, omittingEmptySubsequences: false)
        let harness = try TradeHarness([.status(200, pieces.joined(separator: new))])
        let failure = try #require(try await harness.failure(at: awsTarget()))
        #expect(failure.kind == .brokenAnswer)
        #expect(failure.code == "no-sts-answer")
        #expect(!failure.message.contains("wJalr") && !failure.message.contains("AQoD"))
        #expect(harness.network.requests.count == 1)
    }

    @Test("garbage with status 200 is broken", arguments: ["", "{}", "<html>hello</html>", "\u{0}", "<a>"])
    func garbage(_ body: String) async throws {
        let harness = try TradeHarness([.status(200, body)])
        #expect(try await harness.failure(at: awsTarget())?.kind == .brokenAnswer)
    }
}
