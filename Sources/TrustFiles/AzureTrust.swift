internal import Claims
internal import Crypto
internal import Exchange
internal import JSON
internal import Policy
internal import Text

/// Azure: one federated credential of the application for each subject; Entra compares them whole.
struct AzureTrust {
    /// One credential.
    private struct Credential {
        let name: String
        let issuer: String
        let subject: String
        let reason: String
    }

    /// The most that an application takes.
    private static let limit = 20

    let side: CloudSide
    let azure: AzureTarget
    private let credentials: [Credential]

    init(_ side: CloudSide, _ azure: AzureTarget) throws(TrustFiles.Refusal) {
        self.side = side
        self.azure = azure
        try side.requirePublicIssuer("Azure")
        var credentials: [Credential] = []
        for rule in side.rules {
            for shape in rule.subjects {
                guard let subject = shape.exact else {
                    throw TrustFiles.Refusal(
                        "Azure compares a subject whole, and \(rule.place) allows any '\(shape.glob())'",
                        fix: "choose a 'subject' of claims that the rule names without *, such as subject: "
                            + "[\(Self.exactClaims(of: rule).joined(separator: ", "))]"
                    )
                }
                for issuer in rule.issuers.map(\.url)
                where !credentials.contains(where: { $0.issuer == issuer && $0.subject == subject }) {
                    credentials.append(
                        Credential(
                            // Named by what it trusts, so that adding a rule renames none.
                            name: "jobpass-\(SHA256.hash("\(issuer) \(subject)").hex.prefix(12))",
                            issuer: issuer,
                            subject: subject,
                            reason: "\(rule.place): {\(rule.text)}"
                        )
                    )
                }
            }
        }
        guard credentials.count <= Self.limit else {
            throw TrustFiles.Refusal(
                "\(credentials.count) subjects, and an application takes \(Self.limit) federated credentials",
                fix: "choose a 'subject' of fewer claims, or a further application and target"
            )
        }
        self.credentials = credentials
    }

    /// The claims that a rule holds to one value each or a list of them.
    private static func exactClaims(of rule: CloudSide.Allowed) -> [String] {
        let names = rule.conditions.filter { condition in
            !condition.isImplied && condition.patterns.allSatisfy { !$0.hasStar }
        }
        .map(\.name.description)
        return names.isEmpty ? ["project"] : names
    }

    func files(_ format: TrustFiles.Format) -> [TrustFiles.File] {
        switch format {
        case .terraform, .opentofu: [TrustFiles.File("\(side.slug)-trust.tf", terraform(format))]
        case .pulumi: [TrustFiles.File("Pulumi.yaml", pulumi())]
        default: [TrustFiles.File("\(side.slug)-trust.sh", az(), isScript: true)]
        }
    }

    private func az() -> String {
        var script = ScriptText(side.head(.az))
        script.line("application=\(ScriptText.quoted(azure.clientID))")
        script.comment("Makes a federated credential, or changes the one of this name.")
        script.line("credential() {")
        script.line("    local verb=create")
        script.line(
            "    if az ad app federated-credential show --id \"$application\" --federated-credential-id \"$1\" \\"
        )
        script.line("        --output none 2>/dev/null; then verb=update; fi")
        script.line("    if [ \"$verb\" = update ]; then")
        script.line(
            "        az ad app federated-credential update --id \"$application\" --federated-credential-id \"$1\" --parameters \"$2\""
        )
        script.line("    else")
        script.line("        az ad app federated-credential create --id \"$application\" --parameters \"$2\"")
        script.line("    fi")
        script.line("}")
        for credential in credentials {
            let parameters: JSON = [
                "name": .string(credential.name), "issuer": .string(credential.issuer),
                "subject": .string(credential.subject), "audiences": [.string(side.audience)],
                "description": .string("Jobpass target \(side.target.name)"),
            ]
            script.comment(credential.reason)
            script.line("credential \(credential.name) \(ScriptText.quoted(parameters.text))")
        }
        return script.text
    }

    private func terraform(_ format: TrustFiles.Format) -> String {
        var text = HCLText(side.head(format))
        let program = format == .opentofu ? "tofu" : "terraform"
        text.block(
            "terraform",
            items: [
                .comment("To run it: \(program) init && \(program) apply"),
                .block("required_providers", [.value("azuread", .map([("source", .text("hashicorp/azuread"))]))]),
            ]
        )
        text.block(
            "data",
            "azuread_application",
            side.identifier,
            items: [.value("client_id", .text(azure.clientID))]
        )
        for credential in credentials {
            text.block(
                "resource",
                "azuread_application_federated_identity_credential",
                CloudSide.slug(credential.name, joint: "_"),
                items: [
                    .comment(credential.reason),
                    .value("application_id", .raw("data.azuread_application.\(side.identifier).id")),
                    .value("display_name", .text(credential.name)),
                    .value("issuer", .text(credential.issuer)), .value("subject", .text(credential.subject)),
                    .value("audiences", .list([.text(side.audience)])),
                ]
            )
        }
        return text.text
    }

    private func pulumi() -> String {
        let resources = credentials.map { credential in
            PulumiText.resource(
                credential.name,
                "azuread:ApplicationFederatedIdentityCredential",
                [
                    Tree.Entry(
                        "applicationId",
                        .text("/applications/OBJECT-ID-OF-\(azure.clientID)"),
                        credential.reason
                    ),
                    Tree.Entry("displayName", .text(credential.name)),
                    Tree.Entry("issuer", .text(credential.issuer)), Tree.Entry("subject", .text(credential.subject)),
                    Tree.Entry("audiences", .texts([side.audience])),
                ]
            )
        }
        let head =
            side.head(.pulumi) + [
                "Put the object id of the application in place of OBJECT-ID-OF-…: az ad app show --id \(azure.clientID) --query id"
            ]
        return PulumiText.project(side, head: head, resources)
    }
}
