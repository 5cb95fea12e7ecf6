import Claims
import Runs
import Support
import Testing

@Suite("Claim sets")
struct ClaimSetTests {
    @Test("a run's claims are what was attested of it, in the same order and bytes")
    func ofRun() throws {
        let attestation = try Attestation.sample(further: [Claim("team", "web")])
        let claims = ClaimSet(of: try .sample(attestation))
        #expect(claims.members == attestation.claims)
        #expect(claims.json == attestation.json)
    }

    @Test("a claim is found by its name, standard or further")
    func finds() throws {
        let claims = try ClaimSet.sample(further: [Claim("team", "web"), Claim("tier", "2")])
        #expect(claims[ClaimName("project")] == "acme/web")
        #expect(claims[ClaimName("environment")] == "production")
        #expect(claims[ClaimName("trust")] == "trusted")
        #expect(claims[ClaimName("tier")] == "2")
        #expect(claims[ClaimName("runner")] == nil)
        #expect(claims[ClaimName("tie")] == nil)
    }

    @Test("every standard name is found where the run has it", arguments: StandardClaim.allCases)
    func findsEach(name: StandardClaim) throws {
        let value = name == .trust ? "untrusted" : name == .project ? "acme/api" : "value of \(name.rawValue)"
        let claims = try ClaimSet.sample(name == .trust ? [:] : [name: value], trust: .untrusted)
        #expect(claims[ClaimName(name.rawValue)] == value)
        #expect(claims[.standard(name)] == value)
    }

    @Test("a run is untrusted only where its attestation says so")
    func trust() throws {
        #expect(try !ClaimSet.sample().isUntrusted)
        #expect(try ClaimSet.sample(trust: .untrusted).isUntrusted)
    }

    @Test("a name is written as tokens carry it")
    func names() {
        #expect("\(ClaimName("ref_type"))" == "ref_type")
        #expect(ClaimName("ref_type") == .standard(.refType))
        #expect(ClaimName("ref_type") != ClaimName("reftype"))
        #expect("\(ClaimName("team"))" == "team")
    }
}
