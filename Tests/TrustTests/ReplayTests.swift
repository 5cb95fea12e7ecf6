import JSON
import Testing
import Trust

@Suite("A replay tells whom a change of policy lets in and shuts out")
struct ReplayTests {
    private func role(_ project: String) throws -> any TrustPolicy {
        let role: JSON = [
            "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"], "bound_claims_type": "glob",
            "bound_claims": ["project": .string(project)],
        ]
        return try PolicyReader.read(role.serialized())
    }

    private func token(_ project: String, job: String = "release", jti: String) -> JSONObject {
        [
            "iss": "https://ci.example.com", "aud": "vault", "sub": .string("project:\(project)"),
            "project": .string(project),
            "workflow": "deploy", "job": .string(job), "ref": "refs/heads/main", "jti": .string(jti), "iat": 1,
            "exp": 2,
        ]
    }

    @Test("gains, losses and the rest, each with count and last use")
    func changes() throws {
        var replay = Replay(try role("acme/*"), against: try role("*/web"))
        for number in 1...3 { replay.add(token("acme/app", jti: "\(number)"), at: Int64(number)) }
        replay.add(token("other/web", jti: "4"), at: 10)
        replay.add(token("other/web", jti: "5"), at: 4)
        replay.add(token("acme/web", jti: "6"), at: 5)
        replay.add(token("other/x", jti: "7"), at: 6)
        #expect(replay.count == 7)
        #expect(replay.rows.map(\.change) == [.loses, .gains, .keeps, .stays])
        #expect(replay.rows.map(\.job.project) == ["other/web", "acme/app", "acme/web", "other/x"])
        #expect(replay.rows.map(\.count) == [2, 3, 1, 1])
        #expect(replay.rows.map(\.last) == [10, 3, 5, 6])
        #expect(replay.rows[0].before == .pass)
        #expect(replay.rows[0].after == .fail)
    }

    @Test("without an old policy it says who is admitted")
    func alone() throws {
        var replay = Replay(try role("acme/*"))
        replay.add(token("acme/app", jti: "1"), at: 1)
        replay.add(token("other/app", jti: "2"), at: 2)
        #expect(replay.rows.map(\.after) == [.pass, .fail])
        #expect(replay.rows.map(\.before) == [nil, nil])
    }

    @Test("what cannot be told is neither gained nor lost")
    func unknown() throws {
        let role: JSON = [
            "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"], "token_bound_cidrs": ["10.0.0.0/8"],
        ]
        var replay = Replay(try PolicyReader.read(role.serialized()), against: try self.role("acme/*"))
        replay.add(token("acme/app", jti: "1"), at: 1)
        #expect(replay.rows.map(\.change) == [.cannotTell])
    }

    @Test("jobs that differ in workflow, job, ref or audience are others")
    func jobs() throws {
        var replay = Replay(try role("acme/*"))
        replay.add(token("acme/app", jti: "1"), at: 1)
        replay.add(token("acme/app", job: "test", jti: "2"), at: 2)
        var other = token("acme/app", jti: "3")
        other["aud"] = "sts.amazonaws.com"
        replay.add(other, at: 3)
        #expect(replay.rows.count == 3)
    }
}
