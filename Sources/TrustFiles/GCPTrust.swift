internal import Claims
internal import Exchange
internal import Policy

/// Google Cloud: a workload identity pool, its provider with an attribute condition, and who may act as the service account.
struct GCPTrust {
    let side: CloudSide
    let gcp: GCPTarget
    private let issuer: String
    private let cel = CELText(root: "assertion")

    /// The limits of the API: a condition, and custom attributes.
    private static let conditionLimit = 4_096

    init(_ side: CloudSide, _ gcp: GCPTarget) throws(TrustFiles.Refusal) {
        self.side = side
        self.gcp = gcp
        try side.requirePublicIssuer("Google Cloud")
        issuer = try side.onlyIssuer()
        for sibling in side.siblings {
            guard case .gcp(let other) = sibling.target.service, other.provider == gcp.provider else { continue }
            let theirs = sibling.rule.allow.rules.map { $0.conditions.map { "\($0.name) \($0.patterns)" } }
            guard theirs != side.rules.map({ $0.conditions.map { "\($0.name) \($0.patterns)" } }) else { continue }
            throw TrustFiles.Refusal(
                "'\(side.target.name)' and '\(sibling.target.name)' have other rules and one provider, whose one condition cannot "
                    + "tell them apart",
                fix: "give each target a provider of its own in the pool"
            )
        }
        guard condition.utf8.count <= Self.conditionLimit else {
            throw TrustFiles.Refusal(
                "the attribute condition has \(condition.utf8.count) bytes, and Google takes \(Self.conditionLimit)",
                fix: "write fewer rules or values, or a * in their place"
            )
        }
    }

    private var condition: String { cel.expression(of: side.rules) }

    /// Project number, pool and provider.
    private var place: (project: String, pool: String, provider: String) {
        let parts = gcp.provider.split(separator: "/").map(String.init)
        return (parts[2], parts[6], parts[8])
    }

    /// Claims that become attributes, so that audit logs and IAM conditions can name them.
    private var attributes: [(name: String, expression: String)] {
        let mark = (name: "attribute.jobpass_target", expression: CELText.quoted(side.target.name))
        return [("google.subject", "assertion.sub"), mark, ("attribute.project", "assertion.project")]
    }

    /// The principals that are meant: the subjects where they can be listed, else all that the provider's condition lets in.
    private var members: [(member: String, reason: String)] {
        let pool =
            "//iam.googleapis.com/projects/\(place.project)/locations/global/workloadIdentityPools/\(place.pool)"
        let shapes = side.rules.flatMap { rule in rule.subjects.map { (rule: rule, shape: $0) } }
        let exact = shapes.compactMap { item in item.shape.exact.map { (item.rule, $0) } }
        if exact.count == shapes.count {
            return exact.map { rule, subject in
                ("principal:\(pool)/subject/\(subject)", "\(rule.place): {\(rule.text)}")
            }
        }
        return [
            (
                "principalSet:\(pool)/attribute.jobpass_target/\(side.target.name)",
                "every run that the provider's condition lets in"
            )
        ]
    }

    func files(_ format: TrustFiles.Format) throws(TrustFiles.Refusal) -> [TrustFiles.File] {
        switch format {
        case .terraform, .opentofu: [TrustFiles.File("\(side.slug)-trust.tf", terraform(format))]
        case .pulumi: [TrustFiles.File("Pulumi.yaml", pulumi())]
        default: [TrustFiles.File("\(side.slug)-trust.sh", gcloud(), isScript: true)]
        }
    }

    private func gcloud() -> String {
        var script = ScriptText(side.head(.gcloud))
        let (project, pool, provider) = place
        let there = "--project=\(project) --location=global"
        script.comment("The pool.")
        script.line("if ! gcloud iam workload-identity-pools describe \(pool) \(there) >/dev/null 2>&1; then")
        script.line("    gcloud iam workload-identity-pools create \(pool) \(there)")
        script.line("fi")
        script.comment(
            "The provider: it takes tokens of this issuer and audience, of the runs that its condition names."
        )
        for rule in side.rules { script.line("# \(rule.place): {\(rule.text)}") }
        let mapping = attributes.map { "\($0.name)=\($0.expression)" }.joined(separator: ",")
        script.line("settings=(")
        script.line("    --issuer-uri=\(ScriptText.quoted(issuer))")
        script.line("    --allowed-audiences=\(ScriptText.quoted(side.audience))")
        script.line("    --attribute-mapping=\(ScriptText.quoted(mapping))")
        script.line("    --attribute-condition=\(ScriptText.quoted(condition))")
        script.line(")")
        let inPool = "\(there) --workload-identity-pool=\(pool)"
        script.line(
            "if gcloud iam workload-identity-pools providers describe \(provider) \(inPool) >/dev/null 2>&1; then"
        )
        script.line(
            "    gcloud iam workload-identity-pools providers update-oidc \(provider) \(inPool) \"${settings[@]}\""
        )
        script.line("else")
        script.line(
            "    gcloud iam workload-identity-pools providers create-oidc \(provider) \(inPool) \"${settings[@]}\""
        )
        script.line("fi")
        guard let account = gcp.serviceAccount else {
            script.comment("Grant roles to these principals; the target acts as no service account:")
            for member in members { script.line("# \(member.member)") }
            return script.text
        }
        script.comment("Who may act as the service account.")
        for member in members {
            script.line("# \(member.reason)")
            script.line(
                "gcloud iam service-accounts add-iam-policy-binding \(ScriptText.quoted(account)) "
                    + "--role=roles/iam.workloadIdentityUser --member=\(ScriptText.quoted(member.member))"
            )
        }
        return script.text
    }

    private func terraform(_ format: TrustFiles.Format) -> String {
        var text = HCLText(side.head(format))
        let (project, pool, provider) = place
        let program = format == .opentofu ? "tofu" : "terraform"
        text.block(
            "terraform",
            items: [
                .comment("To run it: \(program) init && \(program) apply"),
                .block("required_providers", [.value("google", .map([("source", .text("hashicorp/google"))]))]),
            ]
        )
        text.block(
            "resource",
            "google_iam_workload_identity_pool",
            "jobpass",
            items: [.value("project", .text(project)), .value("workload_identity_pool_id", .text(pool))]
        )
        text.block(
            "resource",
            "google_iam_workload_identity_pool_provider",
            side.identifier,
            items: [
                .value("project", .text(project)),
                .value(
                    "workload_identity_pool_id",
                    .raw("google_iam_workload_identity_pool.jobpass.workload_identity_pool_id")
                ),
                .value("workload_identity_pool_provider_id", .text(provider)),
                .value("attribute_mapping", .map(attributes.map { ($0.name, .text($0.expression)) })),
            ] + side.rules.map { .comment("\($0.place): {\($0.text)}") } + [
                .value("attribute_condition", .text(condition)), .gap,
                .block(
                    "oidc",
                    [
                        .value("issuer_uri", .text(issuer)),
                        .value("allowed_audiences", .list([.text(side.audience)])),
                    ]
                ),
            ]
        )
        guard let account = gcp.serviceAccount else { return text.text }
        for (index, member) in members.enumerated() {
            text.block(
                "resource",
                "google_service_account_iam_member",
                "\(side.identifier)_\(index + 1)",
                items: [
                    .comment(member.reason),
                    .value("service_account_id", .text("projects/-/serviceAccounts/\(account)")),
                    .value("role", .text("roles/iam.workloadIdentityUser")),
                    .value("member", .text(member.member)),
                ]
            )
        }
        return text.text
    }

    private func pulumi() -> String {
        let (project, pool, provider) = place
        var resources = [
            PulumiText.resource(
                "pool",
                "gcp:iam:WorkloadIdentityPool",
                [Tree.Entry("project", .text(project)), Tree.Entry("workloadIdentityPoolId", .text(pool))]
            ),
            PulumiText.resource(
                "provider",
                "gcp:iam:WorkloadIdentityPoolProvider",
                [
                    Tree.Entry("project", .text(project)), Tree.Entry("workloadIdentityPoolId", .text(pool)),
                    Tree.Entry("workloadIdentityPoolProviderId", .text(provider)),
                    Tree.Entry("attributeMapping", .map(attributes.map { Tree.Entry($0.name, .text($0.expression)) })),
                    Tree.Entry("attributeCondition", .text(condition)),
                    Tree.Entry(
                        "oidc",
                        .map([
                            Tree.Entry("issuerUri", .text(issuer)),
                            Tree.Entry("allowedAudiences", .texts([side.audience])),
                        ])
                    ),
                ]
            ),
        ]
        guard let account = gcp.serviceAccount else {
            return PulumiText.project(side, head: side.head(.pulumi), resources)
        }
        for (index, member) in members.enumerated() {
            resources.append(
                PulumiText.resource(
                    "user-\(index + 1)",
                    "gcp:serviceaccount:IAMMember",
                    [
                        Tree.Entry("serviceAccountId", .text("projects/-/serviceAccounts/\(account)"), member.reason),
                        Tree.Entry("role", .text("roles/iam.workloadIdentityUser")),
                        Tree.Entry("member", .text(member.member)),
                    ]
                )
            )
        }
        return PulumiText.project(side, head: side.head(.pulumi), resources)
    }
}
