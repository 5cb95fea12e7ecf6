import Exchange
import Support

let roleARN = "arn:aws:iam::123456789012:role/deploy"

/// An AWS target with the settings of the contract's example.
func awsTarget(policy: String? = nil, policyARNs: [String] = [], timeout: Duration = .seconds(25)) throws -> Target {
    let aws = try AWSTarget(
        role: roleARN,
        region: "eu-west-1",
        session: .seconds(900),
        policy: policy,
        policyARNs: policyARNs
    )
    return try Target(name: "aws-prod", service: .aws(aws), limits: TradeLimits(total: timeout))
}

/// A Vault target in a namespace, with a certificate authority of its own.
func vaultTarget(namespace: String? = "team/web") throws -> Target {
    let vault = try VaultTarget(
        address: "https://vault.example.com:8200",
        role: "ci",
        mount: "ci/jwt",
        namespace: namespace
    )
    return try Target(name: "vault-prod", service: .vault(vault), certificateAuthorities: "/etc/jobpass/vault-ca.pem")
}

extension Vectors {
    /// A file of the folder beside the tests, as text.
    static func text(_ name: String, beside source: String = #filePath) throws -> String {
        String(decoding: try bytes(name, beside: source), as: UTF8.self)
    }
}
