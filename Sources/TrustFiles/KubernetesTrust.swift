internal import Exchange

/// Kubernetes: the API server's structured authentication configuration, and a role binding for whom it lets in.
struct KubernetesTrust {
    let side: CloudSide
    private let issuer: String
    private let cel = CELText(root: "claims")

    init(_ side: CloudSide) throws(TrustFiles.Refusal) {
        self.side = side
        try side.requirePublicIssuer("Kubernetes")
        issuer = try side.onlyIssuer()
    }

    private var group: String { "jobpass:\(side.target.name)" }

    func files() -> [TrustFiles.File] {
        [
            TrustFiles.File("\(side.slug)-authentication.yaml", authentication()),
            TrustFiles.File("\(side.slug)-rbac.yaml", binding()),
        ]
    }

    private func authentication() -> String {
        let rules = side.rules.map { "\($0.place): {\($0.text)}" }
        let validation = Tree.map([
            Tree.Entry("expression", .text(cel.expression(of: side.rules))),
            Tree.Entry("message", .text("no rule of Jobpass's target \(side.target.name) allows this run")),
        ])
        let authenticator = Tree.map([
            Tree.Entry(
                "issuer",
                .map([Tree.Entry("url", .text(issuer)), Tree.Entry("audiences", .texts([side.audience]))])
            ),
            Tree.Entry("claimValidationRules", .list([validation])),
            Tree.Entry(
                "claimMappings",
                .map([
                    Tree.Entry("username", .map([Tree.Entry("expression", .text("'jobpass:' + claims.sub"))])),
                    Tree.Entry("groups", .map([Tree.Entry("expression", .text(CELText.quoted(group)))])),
                    Tree.Entry("uid", .map([Tree.Entry("expression", .text("claims.jti"))])),
                    Tree.Entry("extra", .list([extra("project"), extra("job")])),
                ])
            ),
        ])
        let head =
            side.head(.kubernetes) + rules.map { "The rule below is \($0)." } + [
                "For the API server: --authentication-config=\(side.slug)-authentication.yaml (Kubernetes 1.30 or newer).",
                "The file is one for the whole cluster: put this element of 'jwt' beside those that are there.",
            ]
        return Tree.document(
            head,
            [
                Tree.Entry("apiVersion", .text("apiserver.config.k8s.io/v1beta1")),
                Tree.Entry("kind", .text("AuthenticationConfiguration")),
                Tree.Entry("jwt", .list([authenticator])),
            ]
        )
    }

    /// What the API server's audit log shows beside the name.
    private func extra(_ claim: String) -> Tree {
        .map([
            Tree.Entry("key", .text("jobpass.example/\(claim)")),
            Tree.Entry("valueExpression", .text("claims.\(claim)")),
        ])
    }

    private func binding() -> String {
        Tree.document(
            side.head(.kubernetes) + [
                "The built-in role 'view' stands for the one that the jobs need, in the namespace that they need it in.",
                "To run it: kubectl apply --filename \(side.slug)-rbac.yaml",
            ],
            [
                Tree.Entry("apiVersion", .text("rbac.authorization.k8s.io/v1")),
                Tree.Entry("kind", .text("RoleBinding")),
                Tree.Entry(
                    "metadata",
                    .map([
                        Tree.Entry("name", .text("jobpass-\(side.slug)")), Tree.Entry("namespace", .text("default")),
                    ])
                ),
                Tree.Entry(
                    "roleRef",
                    .map([
                        Tree.Entry("apiGroup", .text("rbac.authorization.k8s.io")),
                        Tree.Entry("kind", .text("ClusterRole")), Tree.Entry("name", .text("view")),
                    ])
                ),
                Tree.Entry(
                    "subjects",
                    .list([
                        .map([
                            Tree.Entry("apiGroup", .text("rbac.authorization.k8s.io")),
                            Tree.Entry("kind", .text("Group")), Tree.Entry("name", .text(group)),
                        ])
                    ])
                ),
            ]
        )
    }
}
