internal import Exchange
internal import JSON

/// The files of AWS's side.
extension AWSTrust {
    func files(_ format: TrustFiles.Format) throws(TrustFiles.Refusal) -> [TrustFiles.File] {
        switch format {
        case .terraform, .opentofu: [TrustFiles.File("\(side.slug)-trust.tf", terraform(format))]
        case .cloudFormation: [TrustFiles.File("\(side.slug)-trust.yaml", cloudFormation())]
        case .pulumi: [TrustFiles.File("Pulumi.yaml", pulumi())]
        default: commands()
        }
    }

    /// A script for the AWS command line, and the policies that it reads.
    private func commands() -> [TrustFiles.File] {
        var files: [TrustFiles.File] = []
        var script = ScriptText(head(.awsCLI))
        script.line("cd \"$(dirname \"$0\")\"")
        for issuer in providers {
            let arn = ScriptText.quoted(providerARN(issuer))
            script.comment(
                "The identity provider: AWS fetches the keys of this issuer, and takes tokens for this audience."
            )
            script.line(
                "if ! aws iam get-open-id-connect-provider --open-id-connect-provider-arn \(arn) >/dev/null 2>&1; then"
            )
            script.line(
                "    aws iam create-open-id-connect-provider --url \(ScriptText.quoted(issuer))"
                    + " --client-id-list \(ScriptText.quoted(side.audience))"
            )
            script.line("else")
            script.line(
                "    aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn \(arn) "
                    + "--client-id \(ScriptText.quoted(side.audience))"
            )
            script.line("fi")
        }
        let policy = policy { .string(providerARN($0)) }
        files.append(Self.document("\(side.slug)-trust-policy.json", policy))
        script.comment("The role, whose trust policy has a statement for each rule.")
        Self.role(aws.role, policy: "\(side.slug)-trust-policy.json", longest: longestSession, in: &script)
        for (index, link) in chain.enumerated() {
            let name = "\(side.slug)-trust-policy-\(index + 2).json"
            files.append(Self.document(name, Self.chained(link.role, after: link.earlier, aws)))
            script.comment("The next role of the chain ('then'), in its own account.")
            Self.role(link.role.role, policy: name, longest: 3_600, in: &script)
        }
        script.comment(
            "What the job may do is yours to attach: aws iam attach-role-policy --role-name … --policy-arn …"
        )
        return [TrustFiles.File("\(side.slug)-trust.sh", script.text, isScript: true)] + files
    }

    private static func role(_ arn: String, policy file: String, longest: Int64, in script: inout ScriptText) {
        let (path, name) = parts(ofRole: arn)
        let role = ScriptText.quoted(name)
        script.line("if ! aws iam get-role --role-name \(role) >/dev/null 2>&1; then")
        script.line(
            "    aws iam create-role --path \(ScriptText.quoted(path)) --role-name \(role) --max-session-duration \(longest) "
                + "--assume-role-policy-document file://\(file)"
        )
        script.line("else")
        script.line("    aws iam update-assume-role-policy --role-name \(role) --policy-document file://\(file)")
        script.line("    aws iam update-role --role-name \(role) --max-session-duration \(longest)")
        script.line("fi")
    }

    private static func document(_ name: String, _ policy: JSON) -> TrustFiles.File {
        TrustFiles.File(name, String(decoding: policy.serialized(pretty: true), as: UTF8.self) + "\n")
    }

    private func terraform(_ format: TrustFiles.Format) -> String {
        var text = HCLText(head(format))
        let program = format == .opentofu ? "tofu" : "terraform"
        text.block(
            "terraform",
            items: [
                .comment("To run it: \(program) init && \(program) apply"),
                .block("required_providers", [.value("aws", .map([("source", .text("hashicorp/aws"))]))]),
            ]
        )
        for issuer in providers {
            text.block(
                "resource",
                "aws_iam_openid_connect_provider",
                issuerName(issuer),
                items: [
                    .value("url", .text(issuer)),
                    .value("client_id_list", .list([.text(side.audience)])),
                ]
            )
        }
        text.block("data", "aws_iam_policy_document", "\(side.identifier)_trust", items: statements.map(hcl))
        role(aws.role, "\(side.identifier)", policy: "\(side.identifier)_trust", longestSession, in: &text)
        for (index, link) in chain.enumerated() {
            let name = "\(side.identifier)_\(index + 2)"
            let policy = Self.chained(link.role, after: link.earlier, aws)
            let (path, role) = Self.parts(ofRole: link.role.role)
            text.block(
                "resource",
                "aws_iam_role",
                name,
                items: [
                    .comment("The next role of the chain ('then'), in its own account."),
                    .value("name", .text(role)), .value("path", .text(path)),
                    .value("assume_role_policy", .raw("jsonencode(\(HCLText.expression(policy)))")),
                ]
            )
        }
        return text.text
    }

    /// What resources call an issuer: by its path behind the broker's own.
    private func issuerName(_ issuer: String) -> String { CloudSide.slug("jobpass\(suffix(issuer))", joint: "_") }

    private func suffix(_ issuer: String) -> String { String(issuer.dropFirst(side.issuer.count)) }

    private func role(_ arn: String, _ name: String, policy: String, _ longest: Int64, in text: inout HCLText) {
        let (path, role) = Self.parts(ofRole: arn)
        text.block(
            "resource",
            "aws_iam_role",
            name,
            items: [
                .value("name", .text(role)), .value("path", .text(path)),
                .value("assume_role_policy", .raw("data.aws_iam_policy_document.\(policy).json")),
                .value("max_session_duration", .number(longest)),
            ]
        )
    }

    private func hcl(_ statement: Statement) -> HCLText.Item {
        let provider = "aws_iam_openid_connect_provider.\(issuerName(statement.issuer)).arn"
        var items: [HCLText.Item] = [
            .comment(statement.reason), .value("sid", .text(statement.sid)),
            .value("actions", .list(statement.actions.map { .text($0) })), .gap,
            .block(
                "principals",
                [.value("type", .text("Federated")), .value("identifiers", .list([.raw(provider)]))]
            ),
        ]
        for condition in statement.conditions {
            items += [
                .gap,
                .block(
                    "condition",
                    [
                        .value("test", .text(condition.test)),
                        .value("variable", .text(key(condition.key, statement))),
                        // Terraform writes IAM's own variables with &, so that they are no templates of its own.
                        .value("values", .list(condition.values.map { .text($0.replacing("${", with: "&{")) })),
                    ]
                ),
            ]
        }
        return .block("statement", items)
    }

    private func cloudFormation() -> String {
        var resources = providers.map(providerResource)
        let policy = Tree.map([
            Tree.Entry("Version", .text("2012-10-17")), Tree.Entry("Statement", .list(statements.map(tree))),
        ])
        resources.append(Self.roleResource("Role", aws.role, policy, longest: longestSession))
        for (index, link) in chain.enumerated() where Self.account(of: link.role.role) == Self.account(of: aws.role) {
            let policy = Tree(Self.chained(link.role, after: link.earlier, aws))
            let earlier = index == 0 ? "Role" : "Role\(index + 1)"
            resources.append(
                Self.roleResource("Role\(index + 2)", link.role.role, policy, longest: 3_600, after: earlier)
            )
        }
        let elsewhere = chain.filter { Self.account(of: $0.role.role) != Self.account(of: aws.role) }.map(\.role.role)
        let note =
            elsewhere.isEmpty
            ? [] : ["In other accounts, each needs a stack of its own: \(elsewhere.joined(separator: ", "))."]
        return Tree.document(
            head(.cloudFormation) + note + [
                "To run it: aws cloudformation deploy --capabilities CAPABILITY_NAMED_IAM --stack-name jobpass-\(side.slug) "
                    + "--template-file \(side.slug)-trust.yaml"
            ],
            [
                Tree.Entry("AWSTemplateFormatVersion", .text("2010-09-09")),
                Tree.Entry("Description", .text("Jobpass's target \(side.target.name)")),
                Tree.Entry("Parameters", .map([Self.parameter])), Tree.Entry("Conditions", .map([Self.condition])),
                Tree.Entry("Resources", .map(resources)),
            ]
        )
    }

    private static let parameter = Tree.Entry(
        "Provider",
        .map([
            Tree.Entry("Type", .text("String")), Tree.Entry("Default", .text("create")),
            Tree.Entry("AllowedValues", .texts(["create", "there"])),
            Tree.Entry("Description", .text("there: the account has the identity provider of the issuer already")),
        ])
    )

    private static let condition = Tree.Entry(
        "CreateProvider",
        .map([Tree.Entry("Fn::Equals", .list([ref("Provider"), .text("create")]))])
    )

    private func providerResource(_ issuer: String) -> Tree.Entry {
        Tree.Entry(
            suffix(issuer).split(separator: "/").map { CloudSide.slug(String($0), joint: "x").capitalizedFirst }
                .joined() + "Issuer",
            .map([
                Tree.Entry("Type", .text("AWS::IAM::OIDCProvider")),
                Tree.Entry("Condition", .text("CreateProvider")),
                Tree.Entry(
                    "Properties",
                    .map([
                        Tree.Entry("Url", .text(issuer)),
                        Tree.Entry("ClientIdList", .texts([side.audience])),
                    ])
                ),
            ])
        )
    }

    private static func ref(_ name: String) -> Tree { .map([Tree.Entry("Ref", .text(name))]) }

    private static func roleResource(
        _ name: String,
        _ arn: String,
        _ policy: Tree,
        longest: Int64,
        after earlier: String? = nil
    ) -> Tree.Entry {
        let (path, role) = parts(ofRole: arn)
        let dependence = earlier.map { [Tree.Entry("DependsOn", .text($0))] } ?? []
        let properties = Tree.map([
            Tree.Entry("RoleName", .text(role)), Tree.Entry("Path", .text(path)),
            Tree.Entry("MaxSessionDuration", .number(longest)), Tree.Entry("AssumeRolePolicyDocument", policy),
        ])
        let type = Tree.Entry("Type", .text("AWS::IAM::Role"))
        return Tree.Entry(name, .map([type] + dependence + [Tree.Entry("Properties", properties)]))
    }

    /// A statement with its rule in a comment; the provider's ARN is known whether the stack makes it or not.
    private func tree(_ statement: Statement) -> Tree {
        let whole = policy { .string(providerARN($0)) }["Statement"]?.asArray ?? []
        let json = whole.first { $0["Sid"]?.asString == statement.sid } ?? .null
        guard case .map(let entries) = Tree(json), let first = entries.first else { return Tree(json) }
        return .map(
            [Tree.Entry(first.key, first.value)] + [Tree.Entry("Effect", .text("Allow"), statement.reason)]
                + entries.dropFirst(2)
        )
    }

    private func pulumi() -> String {
        var resources: [Tree.Entry] = []
        for issuer in providers {
            resources.append(
                PulumiText.resource(
                    suffix(issuer).split(separator: "/").map { CloudSide.slug(String($0), joint: "-") + "-" }.joined()
                        + "issuer",
                    "aws:iam:OpenIdConnectProvider",
                    [
                        Tree.Entry("url", .text(issuer)),
                        Tree.Entry("clientIdLists", .texts([side.audience])),
                    ]
                )
            )
        }
        let statements = Tree.list(statements.map(tree))
        let (path, name) = Self.parts(ofRole: aws.role)
        let policy = Tree.map([Tree.Entry("Version", .text("2012-10-17")), Tree.Entry("Statement", statements)])
        resources.append(
            PulumiText.resource(
                "role",
                "aws:iam:Role",
                [
                    Tree.Entry("name", .text(name)), Tree.Entry("path", .text(path)),
                    Tree.Entry("maxSessionDuration", .number(longestSession)),
                    Tree.Entry("assumeRolePolicy", .map([Tree.Entry("fn::toJSON", PulumiText.escaped(policy))])),
                ]
            )
        )
        return PulumiText.project(side, head: head(.pulumi), resources)
    }
}

extension String {
    /// With its first letter as a capital.
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
