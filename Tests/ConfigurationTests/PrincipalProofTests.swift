import Configuration
import Testing

@Suite("What a configuration says of principals' tokens of other issuers")
struct PrincipalProofTests {
    @Test(
        "mistakes are refused with the fix",
        arguments: [
            ("oidc: {claims: {sub: x}}", "principals[0].oidc.issuer", "the key is missing"),
            ("oidc: {issuer: \"https://a.example\"}", "principals[0].oidc.claims", "the key is missing"),
            ("oidc: {issuer: \"http://a.example\", claims: {sub: x}}", "principals[0].oidc.issuer", "https"),
            ("oidc: {issuer: \"https://a.example\", claim: {sub: x}}", "principals[0].oidc.claim", "claims"),
            (
                "oidc: {issuer: \"https://a.example\", claims: {sub: x}}, token_sha256: x", "principals[0]",
                "more than one way"
            ),
        ]
    )
    func refuses(proof: String, key: String, text: String) {
        let configuration = """
            issuer: https://ci.example.com
            store: sqlite:jobpass.db
            keys: {directory: keys}
            principals: [{name: a, role: auditor, \(proof)}]

            """
        #expect {
            try Configuration.parse(Array(configuration.utf8), file: "/test/jobpass.yaml")
        } throws: { error in
            guard let error = error as? InvalidConfiguration else { return false }
            return "\(error)".contains(key) && "\(error)".contains(text)
        }
    }
}
