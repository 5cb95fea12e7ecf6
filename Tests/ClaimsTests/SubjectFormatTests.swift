import Claims
import Runs
import Support
import Testing

@Suite("Subjects")
struct SubjectFormatTests {
    func subject(_ names: [String], _ claims: ClaimSet, _ limit: SubjectLimit = .openID) throws -> String {
        try SubjectFormat(names.map(ClaimName.init)).subject(of: claims, limit: limit)
    }

    @Test("the default subject is the contract's example")
    func contract() throws {
        let subject = try SubjectFormat.standard.subject(of: .sample(), limit: .openID)
        #expect(subject == "project:acme/web:ref:refs/heads/main:workflow:deploy:job:release")
    }

    @Test("a subject has the claims that were asked for, in that order, further ones too")
    func order() throws {
        let claims = try ClaimSet.sample(further: [Claim("team", "web")])
        #expect(try subject(["team", "job", "project"], claims) == "team:web:job:release:project:acme/web")
    }

    @Test("a claim that the run lacks is left out with its name")
    func leavesOut() throws {
        let claims = try ClaimSet.sample([.ref: ""])
        #expect(try subject(["project", "ref", "job"], claims) == "project:acme/web:job:release")
    }

    @Test(
        "no value can pretend to be another claim",
        arguments: [
            ("main:job:release", "main%3Ajob%3Arelease"), ("a%3Ab", "a%253Ab"), ("100%", "100%25"),
            ("größe", "gr%C3%B6%C3%9Fe"),
            ("a b*c?d/e", "a b*c?d/e"),
        ]
    )
    func escapes(value: String, written: String) throws {
        #expect(try subject(["ref", "job"], .sample([.ref: value])) == "ref:\(written):job:release")
    }

    @Test("the name of a further claim is escaped too")
    func escapesNames() throws {
        let attestor = Attestor(name: "all", projects: Attestor.sample.projects, claims: ["a:b"])
        let attestation = try Attestation(.sample(further: [Claim("a:b", "c")]), by: attestor, limits: .standard)
        #expect(try subject(["a:b"], ClaimSet(of: .sample(attestation))) == "a%3Ab:c")
    }

    @Test("a run that has none of the claims has no subject")
    func empty() throws {
        let format = SubjectFormat([ClaimName("environment"), ClaimName("team")])
        let error = try #require(throws: SubjectError.self) {
            try format.subject(of: .sample([.environment: ""]), limit: .openID)
        }
        #expect(error == .empty(format))
        #expect("\(error)" == "the run has none of the claims of its subject [environment, team]")
    }

    @Test(
        "a subject over its relying party's limit is refused, never cut",
        arguments: [
            (SubjectLimit.aws, 255), (.gcp, 127), (.azure, 600), (.openID, 255),
        ]
    )
    func limits(limit: SubjectLimit, bytes: Int) throws {
        let fits = String(repeating: "r", count: bytes - "ref:".utf8.count)
        #expect(try subject(["ref"], .sample([.ref: fits]), limit) == "ref:\(fits)")
        let error = try #require(throws: SubjectError.self) { try subject(["ref"], .sample([.ref: fits + "r"]), limit) }
        #expect(error == .tooLong("ref:\(fits)r", limit))
        #expect("\(error)".contains("has \(bytes + 1) bytes and \(limit.party) takes \(bytes)"))
    }

    @Test("the limit counts what is written, not what was attested")
    func countsEscapes() throws {
        let value = String(repeating: "ö", count: 50)
        #expect(throws: SubjectError.self) { try subject(["ref"], .sample([.ref: value]), .openID) }
    }
}
