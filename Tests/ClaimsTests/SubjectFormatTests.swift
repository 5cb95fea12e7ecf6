import Claims
import Runs
import Support
import Testing

@Suite("Subjects")
struct SubjectFormatTests {
    func subject(_ names: [String], _ claims: ClaimSet, _ limit: SubjectLimit = .openID) throws -> String {
        try SubjectFormat(names.map(ClaimName.init)).subject(of: claims, limit: limit).text
    }

    @Test("the default subject is the contract's example")
    func contract() throws {
        let subject = try SubjectFormat.standard.subject(of: .sample(), limit: .openID).text
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
        let share = SubjectError.Share(claim: "ref", bytes: bytes - 3)
        #expect(error == .tooLong("ref:\(fits)r", limit, longest: share, digest: nil))
        #expect(
            "\(error)".contains(
                "has \(bytes + 1) bytes, \(bytes - 3) of them the value of ref, and \(limit.party) takes \(bytes)"
            )
        )
        #expect("\(error)".contains("digest: true"))
    }

    @Test("the limit counts what is written, not what was attested")
    func countsEscapes() throws {
        let value = String(repeating: "ö", count: 50)
        #expect(throws: SubjectError.self) { try subject(["ref"], .sample([.ref: value]), .openID) }
    }

    @Test(
        "where the format allows it, a subject that is too long becomes a digest, the same for ever, that leads back to it"
    )
    func digest() throws {
        let format = SubjectFormat([.project, ClaimName("ref")], digest: true)
        let ref = "refs/heads/" + String(repeating: "r", count: 120)
        let claims = try ClaimSet.sample([.ref: ref])
        let plain = "project:acme/web:ref:\(ref)"
        #expect(try format.subject(of: claims, limit: .aws) == Subject(plain))
        let subject = try format.subject(of: claims, limit: .gcp)
        #expect(subject.spelledOut == plain)
        #expect(subject == Subject(digestOf: plain))
        #expect(subject.text.utf8.count == SubjectFormat.digestBytes)
        // printf %s "$SUBJECT" | sha256sum
        #expect(Subject(digestOf: "project:acme/web").text == "jobpass_sha256:\(Self.digestOfWeb)")
        #expect("\(format)" == "{claims: [project, ref], digest: true}")
    }

    private static let digestOfWeb = "14c554b7dc8152c685f09f8be2271cc204525ba3bd1c7b8a29bb47200144db91"

    @Test("a limit that a digest is over too is told so")
    func digestTooLong() throws {
        let format = SubjectFormat([ClaimName("ref")], digest: true)
        let limit = SubjectLimit(bytes: 64, party: "somebody")
        let claims = try ClaimSet.sample([.ref: String(repeating: "r", count: 80)])
        let error = try #require(throws: SubjectError.self) { try format.subject(of: claims, limit: limit) }
        #expect("\(error)".contains("as a digest has \(SubjectFormat.digestBytes)"))
    }

    @Test("no claim can make a subject that looks like a digest")
    func digestIsNoClaim() {
        #expect(ReservedClaims.reason(for: String(SubjectFormat.digestPrefix.dropLast())) != nil)
    }
}
