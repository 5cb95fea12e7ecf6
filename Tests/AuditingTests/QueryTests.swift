import Auditing
import Crypto
import Encoding
import Ledger
import Support
import Testing
import Time

@Suite("A query")
struct QueryTests {
    @Test("is read from the contract's names")
    func reading() throws {
        let hash = SHA256.hash("t").hex
        let query = try AuditQuery(
            Form(
                parsing: """
                    kind=token.issued&outcome=denied&project=acme%2Fweb&workflow=deploy&job=release&ref=refs/heads/main\
                    &subject=project:acme%252Fweb&audience=sts.amazonaws.com&target=aws-prod&context=aws-legacy&secret=AWS_KEY\
                    &run=run_1&principal=fleet&jti=j&token_sha256=\(hash)&trace=t&since=2026-11-22T09:30:00Z&until=2026-11-23\
                    &limit=7&cursor=42
                    """
            )
        )
        var wanted = AuditQuery()
        wanted.kind = .tokenIssued
        wanted.outcome = .denied
        wanted.claims = [
            "project": "acme/web", "workflow": "deploy", "job": "release", "ref": "refs/heads/main",
            "sub": "project:acme%2Fweb",
        ]
        wanted.audience = "sts.amazonaws.com"
        wanted.target = "aws-prod"
        wanted.context = "aws-legacy"
        wanted.secret = "AWS_KEY"
        wanted.run = "run_1"
        wanted.principal = "fleet"
        wanted.jti = "j"
        wanted.tokenSHA256 = SHA256.hash("t")
        wanted.trace = "t"
        wanted.since = UnixTime(seconds: 1_795_339_800)
        wanted.until = UnixTime(seconds: 1_795_392_000)
        wanted.limit = 7
        wanted.cursor = 42
        #expect(query == wanted)
        #expect(try AuditQuery(Form(parsing: "")) == AuditQuery())
    }

    @Test(
        "that cannot be meant is refused, and says what can be",
        arguments: [
            ("kind=token", "token.issued"), ("kind=", "token.issued"), ("outcome=ok", "succeeded"),
            ("limit=0", "1 to 1000"),
            ("limit=1001", "1 to 1000"), ("limit=ten", "1 to 1000"), ("cursor=-1", "next"),
            ("since=yesterday", "2026-11-22T"),
            ("until=2026-13-01", "2026-11-22T"), ("token_sha256=AB", "64 lower-case"),
            ("colour=red", "there are kind,"),
            ("job=a&job=b", "twice"), ("sub=a", "there are kind,"),
        ]
    )
    func refusals(_ text: String, _ words: String) throws {
        let form = try Form(parsing: text)
        let error = #expect(throws: AuditError.self) { try AuditQuery(form) }
        #expect(error?.code == .query)
        #expect(error?.reason.contains(words) == true, "\(String(describing: error))")
        #expect(error?.reason.contains("'\(text.prefix { $0 != "=" })'") == true)
    }

    @Test("has every filter under its name", arguments: AuditQuery.names)
    func names(_ name: String) throws {
        let values = [
            "kind": "token.issued", "outcome": "failed", "limit": "1", "cursor": "1", "since": "2026-11-22",
            "until": "2026-11-22", "token_sha256": String(repeating: "0", count: 64),
        ]
        let query = try AuditQuery(Form([.init(name, values[name] ?? "x")]))
        #expect(query != AuditQuery())
    }
}
