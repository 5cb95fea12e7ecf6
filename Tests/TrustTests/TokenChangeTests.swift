import JSON
import Testing
import Trust

@Suite("What would have to be otherwise in a token")
struct TokenChangeTests {
    @Test("with the change, and not with less, the policy passes", arguments: PolicyCase.all)
    func isSmallest(_ example: PolicyCase) throws {
        let policy = try PolicyReader.read(example.text)
        guard let change = TokenChange.smallest(example.presented, for: policy) else { return }
        #expect(example.verdict != .pass, "a token that passes needs no change")
        let all = change.claims
        for kept in 0..<(1 << all.count) {
            var changed = example.presented
            for (index, claim) in all.enumerated() where kept & (1 << index) != 0 {
                changed.claims = Self.put(
                    claim.wanted,
                    claim.name.split(separator: ".").map(String.init),
                    changed.claims
                )
            }
            // A name that has dots itself cannot be put back by its path.
            guard !all.contains(where: { $0.name.contains("://") || $0.name.contains("amazon") }) else { continue }
            let isWhole = kept == (1 << all.count) - 1
            #expect((policy.explain(changed).verdict == .pass) == isWhole, "\(change), kept \(kept)")
        }
    }

    @Test("most tokens that are refused for their claims are told what would pass")
    func isFound() throws {
        let refused = PolicyCase.all.filter { $0.verdict == .fail }
        let told = try refused.filter {
            TokenChange.smallest($0.presented, for: try PolicyReader.read($0.text)) != nil
        }
        #expect(told.count * 2 > refused.count, "\(told.count) of \(refused.count)")
    }

    @Test("one claim is told before two, and a value before its absence")
    func order() throws {
        let text = #"""
            {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"],
             "bound_claims": {"project": "acme/web", "ref": ["refs/heads/main", "refs/heads/next"]}}
            """#
        let policy = try PolicyReader.read(Array(text.utf8))
        let claims: JSONObject = ["sub": "s", "aud": "vault", "project": "acme/web", "ref": "refs/heads/wip"]
        let change = try #require(TokenChange.smallest(Presented(claims), for: policy))
        #expect(change.claims.map(\.name) == ["ref"])
        #expect(change.claims.first?.seen == "refs/heads/wip")
        #expect(change.claims.first?.wanted == "refs/heads/main")
        var other = claims
        other["project"] = "acme/api"
        #expect(TokenChange.smallest(Presented(other), for: policy)?.claims.map(\.name) == ["project", "ref"])
    }

    private static func put(_ value: JSON?, _ path: [String], _ object: JSONObject) -> JSONObject {
        guard let first = path.first else { return object }
        var object = object
        if path.count == 1 {
            object[first] = value
        } else {
            object[first] = .object(put(value, Array(path.dropFirst()), object[first]?.asObject ?? [:]))
        }
        return object
    }
}
