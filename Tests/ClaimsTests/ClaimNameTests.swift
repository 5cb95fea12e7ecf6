import Claims
import Support
import Testing

@Suite("Claims by name")
struct ClaimNameTests {
    @Test("the contract's names are in the order in which tokens carry them")
    func standardNames() {
        #expect(
            ClaimName.standardNames == [
                "project", "project_id", "workflow", "workflow_id", "job", "run_id", "attempt", "ref", "ref_type",
                "sha",
                "event", "environment", "actor", "runner", "repository", "trust",
            ]
        )
    }

    @Test("the first claim of which a condition does not hold is named, and none where it holds of all")
    func failing() throws {
        let claims = try ClaimSet.sample()
        #expect(claims.firstName { _, _ in true } == nil)
        #expect(claims.firstName { name, _ in name == "project" || name == "workflow" } == "job")
        #expect(claims.firstName { _, value in value != "release" } == "job")
    }
}
