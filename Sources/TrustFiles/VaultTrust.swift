internal import Claims
internal import Exchange
internal import JSON
internal import Policy
internal import Text

/// OpenBao and Vault: the JWT auth method, a policy for what the target reads, and a role that binds the rules' claims.
struct VaultTrust {
    let side: CloudSide
    let vault: VaultTarget
    private let issuer: String

    init(_ side: CloudSide, _ vault: VaultTarget) throws(TrustFiles.Refusal) {
        self.side = side
        self.vault = vault
        issuer = try side.onlyIssuer()
    }

    /// A claim that the role binds, and the values of which it must have one.
    private struct Bound {
        let claim: String
        let values: [String]
    }

    /// With one rule its own claims; with several the `sub`s of all, and beside them each claim that all rules name.
    ///
    /// The `sub`s keep together what belongs together. While subjects change their form, both forms of `sub` in any case.
    private var bound: [Bound] {
        let names = side.rules.first?.conditions.map(\.name).filter { name in side.rules.allSatisfy { $0[name] != nil }
        }
        var bound = (names ?? []).map { name in
            var values: [String] = []
            for pattern in side.rules.flatMap({ $0[name]?.patterns ?? [] }) {
                let glob = SubjectShape(SubjectShape.pieces(of: pattern.description)).glob()
                if !values.contains(glob) { values.append(glob) }
            }
            return Bound(claim: name.description, values: values)
        }
        if side.rules.count > 1 || side.isMigrating {
            var subjects: [String] = []
            for shape in side.rules.flatMap(\.subjects) where !subjects.contains(shape.glob()) {
                subjects.append(shape.glob())
            }
            bound.append(Bound(claim: "sub", values: subjects))
        }
        return bound
    }

    private var isGlob: Bool { bound.contains { $0.values.contains { $0.contains("*") } } }

    private var policyName: String { "jobpass-\(side.slug)" }

    /// What the role may do: read what the target reads; else nothing yet.
    private var policy: String {
        guard !vault.reads.isEmpty else {
            return "# The target reads nothing itself: write here what its jobs may do.\n"
        }
        return vault.reads.map { read in
            let capability = read.parameters == nil ? "read" : "update"
            return "path \(HCLText.quoted(read.path)) {\n  capabilities = [\"\(capability)\"]\n}\n"
        }.joined(separator: "\n")
    }

    private var role: JSONObject {
        var claims = JSONObject()
        for bound in bound { claims[bound.claim] = .array(bound.values.map { .string($0) }) }
        return [
            "role_type": "jwt", "user_claim": "sub", "bound_audiences": [.string(side.audience)],
            "bound_claims_type": isGlob ? "glob" : "string", "bound_claims": .object(claims),
            "token_policies": [.string(policyName)], "token_type": "service", "token_ttl": "20m", "token_max_ttl": "1h",
        ]
    }

    /// What of the rules the role holds more loosely.
    private var head: [String] {
        guard side.rules.count > 1 else { return [] }
        return [
            "One role has one list of values for each claim: which value of one claim goes with which of another is held by sub."
        ]
    }

    func files(_ format: TrustFiles.Format) -> [TrustFiles.File] {
        switch format {
        case .terraform, .opentofu: [TrustFiles.File("\(side.slug)-trust.tf", terraform(format))]
        case .pulumi: [TrustFiles.File("Pulumi.yaml", pulumi())]
        default: [TrustFiles.File("\(side.slug)-trust.sh", bao(), isScript: true)]
        }
    }

    private func bao() -> String {
        var script = ScriptText(side.head(.bao) + head + ["With HashiCorp Vault: BAO=vault in the environment."])
        script.line("bao=${BAO:-bao}")
        if let namespace = vault.namespace {
            script.line("export BAO_NAMESPACE=\(namespace) VAULT_NAMESPACE=\(namespace)")
        }
        script.comment("The JWT auth method, which takes tokens of this issuer alone.")
        // No pipe into `grep -q`: it may close the pipe before all is written, which pipefail takes for a failure.
        script.line("methods=$(\"$bao\" auth list -format=json)")
        script.line("if [[ $methods != *'\"\(vault.mount)/\"'* ]]; then")
        script.line("    \"$bao\" auth enable -path=\(vault.mount) jwt")
        script.line("fi")
        let url = ScriptText.quoted(issuer)
        script.line(
            "\"$bao\" write auth/\(vault.mount)/config oidc_discovery_url=\(url) bound_issuer=\(url) "
                + "jwt_supported_algs=\(side.algorithm)"
        )
        script.comment("What its logins may do.")
        script.document("\"$bao\" policy write \(policyName) -", policy, mark: "POLICY")
        script.comment("Who may log in.")
        for rule in side.rules { script.line("# \(rule.place): {\(rule.text)}") }
        script.document(
            "\"$bao\" write auth/\(vault.mount)/role/\(ScriptText.quoted(vault.role)) -",
            String(decoding: JSON.object(role).serialized(pretty: true), as: UTF8.self),
            mark: "ROLE"
        )
        return script.text
    }

    private func terraform(_ format: TrustFiles.Format) -> String {
        var text = HCLText(side.head(format) + head)
        let program = format == .opentofu ? "tofu" : "terraform"
        text.block(
            "terraform",
            items: [
                .comment("To run it: \(program) init && \(program) apply"),
                .block("required_providers", [.value("vault", .map([("source", .text("hashicorp/vault"))]))]),
            ]
        )
        text.block(
            "resource",
            "vault_jwt_auth_backend",
            "jobpass",
            items: namespace + [
                .value("path", .text(vault.mount)), .value("oidc_discovery_url", .text(issuer)),
                .value("bound_issuer", .text(issuer)),
                .value("jwt_supported_algs", .list([.text(side.algorithm)])),
            ]
        )
        text.block(
            "resource",
            "vault_policy",
            side.identifier,
            items: namespace + [.value("name", .text(policyName)), .value("policy", .text(policy))]
        )
        text.block(
            "resource",
            "vault_jwt_auth_backend_role",
            side.identifier,
            items: namespace + [
                .value("backend", .raw("vault_jwt_auth_backend.jobpass.path")),
                .value("role_name", .text(vault.role)), .value("role_type", .text("jwt")),
                .value("user_claim", .text("sub")), .value("bound_audiences", .list([.text(side.audience)])),
            ] + side.rules.map { .comment("\($0.place): {\($0.text)}") } + [
                .value("bound_claims_type", .text(isGlob ? "glob" : "string")),
                // This provider takes several values of a claim with commas between.
                .value("bound_claims", .map(bound.map { ($0.claim, .text($0.values.joined(separator: ","))) })),
                .value("token_policies", .list([.raw("vault_policy.\(side.identifier).name")])),
                .value("token_ttl", .number(1_200)), .value("token_max_ttl", .number(3_600)),
            ]
        )
        return text.text
    }

    private var namespace: [HCLText.Item] { vault.namespace.map { [.value("namespace", .text($0))] } ?? [] }

    private func pulumi() -> String {
        let namespace = vault.namespace.map { [Tree.Entry("namespace", .text($0))] } ?? []
        let resources = [
            PulumiText.resource(
                "method",
                "vault:jwt:AuthBackend",
                namespace + [
                    Tree.Entry("path", .text(vault.mount)), Tree.Entry("oidcDiscoveryUrl", .text(issuer)),
                    Tree.Entry("boundIssuer", .text(issuer)),
                    Tree.Entry("jwtSupportedAlgs", .texts([side.algorithm])),
                ]
            ),
            PulumiText.resource(
                "policy",
                "vault:Policy",
                namespace + [Tree.Entry("name", .text(policyName)), Tree.Entry("policy", .text(policy))]
            ),
            PulumiText.resource(
                "role",
                "vault:jwt:AuthBackendRole",
                namespace + [
                    Tree.Entry("backend", .text(vault.mount)), Tree.Entry("roleName", .text(vault.role)),
                    Tree.Entry("roleType", .text("jwt")), Tree.Entry("userClaim", .text("sub")),
                    Tree.Entry("boundAudiences", .texts([side.audience])),
                    Tree.Entry("boundClaimsType", .text(isGlob ? "glob" : "string")),
                    Tree.Entry(
                        "boundClaims",
                        .map(bound.map { Tree.Entry($0.claim, .text($0.values.joined(separator: ","))) })
                    ),
                    Tree.Entry("tokenPolicies", .texts([policyName])), Tree.Entry("tokenTtl", .number(1_200)),
                    Tree.Entry("tokenMaxTtl", .number(3_600)),
                ]
            ),
        ]
        return PulumiText.project(side, head: side.head(.pulumi) + head, resources)
    }
}
