package import Exchange
package import JSON
internal import Text
package import Time

/// What an operator puts into a target's cloud to end what the broker cannot: credentials that live on, and ID tokens that
/// were issued and not traded yet.
///
/// Each document says no and nothing else, so that it can only take away; each has a command that takes it back.
package struct Denial: Equatable, Sendable {
    /// What is to be shut out.
    package struct Facts: Equatable, Sendable {
        /// The `iss` of the tokens.
        package var issuers: [String]
        /// The `sub` of ID tokens that are still good at this target.
        package var subjects: [String]
        /// The names of sessions that live on, where only these are meant; empty for all that began before `before`.
        package var sessions: [String]
        package var before: UnixTime

        /// Gathers the facts.
        package init(issuers: [String], subjects: [String], sessions: [String], before: UnixTime) {
            self.issuers = issuers
            self.subjects = subjects
            self.sessions = sessions
            self.before = before
        }
    }

    /// One thing to do.
    package struct Step: Equatable, Sendable {
        /// What it ends, and whom else it hits.
        package let purpose: String
        /// What a file of the commands holds, where they read one.
        package var file: TrustFiles.File?
        package let commands: [String]
    }

    package let target: String
    package let type: TargetType
    package let steps: [Step]

    /// What there is to do at a target's cloud.
    package init(at target: Target, _ facts: Facts) {
        self.target = target.name
        type = target.type
        steps =
            switch target.service {
            case .aws(let aws): Self.steps(aws, facts)
            case .gcp(let gcp): Self.steps(gcp, facts)
            case .azure(let azure): Self.steps(azure)
            case .vault(let vault): Self.steps(vault)
            case .tokenExchange, .recipe, .none: [Self.elsewhere(target.doorstep ?? "whatever takes the token")]
            }
    }

    /// As answers have it.
    package var json: JSON {
        let list = steps.map { step -> JSON in
            var members: JSONObject = ["purpose": .string(step.purpose)]
            if let file = step.file { members["file"] = ["name": .string(file.name), "text": .string(file.text)] }
            members["commands"] = .array(step.commands.map(JSON.string))
            return .object(members)
        }
        return ["target": .string(target), "type": .string(type.rawValue), "steps": .array(list)]
    }

    private static func elsewhere(_ place: String) -> Step {
        Step(
            purpose:
                "there is no policy that all services of this kind know: end the sessions at \(place) by its own means",
            commands: []
        )
    }
}

extension Denial {
    /// Subjects that a condition lists; of more, the time decides.
    private static let mostSubjects = 20

    /// `aws:TokenIssueTime` is there in requests of temporary credentials alone, so that nobody else is hit.
    private static func steps(_ aws: AWSTarget, _ facts: Facts) -> [Step] {
        let role = aws.chain.last?.role ?? aws.role
        let (_, name) = AWSTrust.parts(ofRole: role)
        var condition: JSONObject = [
            "DateLessThan": ["aws:TokenIssueTime": .string(RFC3339.format(UnixTime(seconds: facts.before.seconds + 1)))]
        ]
        if !facts.sessions.isEmpty {
            condition["StringLike"] = ["aws:userid": .array(facts.sessions.map { .string("*:\($0)") })]
        }
        let policy: JSON = [
            "Version": "2012-10-17",
            "Statement": [
                [
                    "Sid": "JobpassRevocation", "Effect": "Deny", "Action": "*", "Resource": "*",
                    "Condition": .object(condition),
                ]
            ],
        ]
        let quoted = ScriptText.quoted(name)
        let whom =
            facts.sessions.isEmpty
            ? "every session of the role that began before the revocation; later ones work"
            : "these sessions alone"
        var steps = [
            Step(
                purpose: "ends \(whom)",
                file: TrustFiles.File("deny-\(name).json", text(policy)),
                commands: [
                    "aws iam put-role-policy --role-name \(quoted) --policy-name JobpassRevocation "
                        + "--policy-document file://deny-\(name).json",
                    "aws iam delete-role-policy --role-name \(quoted) --policy-name JobpassRevocation  # to take it back",
                ]
            )
        ]
        guard !facts.subjects.isEmpty else { return steps }
        steps.append(trustStep(aws, facts))
        return steps
    }

    /// A statement for the trust policy, against ID tokens that nobody has traded yet.
    private static func trustStep(_ aws: AWSTarget, _ facts: Facts) -> Step {
        let arn = aws.role.split(separator: ":", omittingEmptySubsequences: false)
        let (partition, account) = (arn.count > 4 ? arn[1] : "aws", arn.count > 4 ? arn[4] : "")
        let statements = facts.issuers.map { issuer -> JSON in
            let provider = String(issuer.drop { $0 != "/" }.drop { $0 == "/" })
            let subjects = facts.subjects.prefix(mostSubjects).map(JSON.string)
            return [
                "Effect": "Deny",
                "Principal": ["Federated": .string("arn:\(partition):iam::\(account):oidc-provider/\(provider)")],
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": ["StringEquals": ["\(provider):sub": .array(Array(subjects))]],
            ]
        }
        let more = max(0, facts.subjects.count - mostSubjects)
        return Step(
            purpose:
                "keeps ID tokens out that were issued and not traded: add the statement to the trust policy of \(aws.role)"
                + (more > 0 ? "; \(more) further subjects have no room in it" : ""),
            file: TrustFiles.File("deny-trust-statement.json", text(.array(statements))),
            commands: []
        )
    }

    private static func steps(_ gcp: GCPTarget, _ facts: Facts) -> [Step] {
        let parts = gcp.provider.split(separator: "/").map(String.init)
        func part(_ name: String) -> String {
            parts.firstIndex(of: name).flatMap { parts.indices.contains($0 + 1) ? parts[$0 + 1] : nil } ?? "…"
        }
        let place = "--project=\(part("projects")) --location=\(part("locations"))"
        let listed = facts.subjects.map(CELText.quoted)
        let condition =
            !listed.isEmpty && listed.count <= mostSubjects
            ? "!(assertion.sub in [\(listed.joined(separator: ", "))])"
            : "int(assertion.iat) > \(facts.before.seconds)"
        let tokens = Step(
            purpose:
                "keeps ID tokens out that were issued and not traded: AND it to the provider's attribute condition",
            commands: [
                "gcloud iam workload-identity-pools providers update-oidc \(part("providers")) "
                    + "--workload-identity-pool=\(part("workloadIdentityPools")) \(place) "
                    + "--attribute-condition=\(ScriptText.quoted("(THE PRESENT CONDITION) && \(condition)"))"
            ]
        )
        guard let account = gcp.serviceAccount else {
            return [
                tokens,
                Step(
                    purpose:
                        "ends the access tokens of every job of this pool, until it is enabled again: nothing narrower is sure",
                    commands: [
                        "gcloud iam workload-identity-pools update \(part("workloadIdentityPools")) \(place) --disabled"
                    ]
                ),
            ]
        }
        return [
            tokens,
            Step(
                purpose:
                    "ends what acts as this service account, whoever uses it, until it is enabled again: an access token "
                    + "by itself cannot be revoked and lives an hour",
                commands: ["gcloud iam service-accounts disable \(account)"]
            ),
        ]
    }

    private static func steps(_ azure: AzureTarget) -> [Step] {
        [
            Step(
                purpose:
                    "keeps every ID token out: delete the application's federated credential whose subject is the job's",
                commands: ["az ad app federated-credential list --id \(azure.clientID)"]
            ),
            Step(
                purpose:
                    "ends the application's access tokens, at once where the resource evaluates access continuously, else when "
                    + "they expire; it hits everything that signs in as this application",
                commands: ["az ad sp update --id \(azure.clientID) --set accountEnabled=false"]
            ),
        ]
    }

    private static func steps(_ vault: VaultTarget) -> [Step] {
        let space = vault.namespace.map { " -namespace=\(ScriptText.quoted($0))" } ?? ""
        return [
            Step(
                purpose:
                    "logins that the broker made are revoked with their run, and their leases with them; this ends every login of "
                    + "the mount '\(vault.mount)' that is left, whoever made it",
                commands: ["vault token revoke\(space) -mode=path \(ScriptText.quoted("auth/\(vault.mount)"))"]
            ),
            Step(
                purpose:
                    "keeps ID tokens out that were issued and not traded: no job can log in until the role is written again",
                commands: [
                    "vault read\(space) -format=json \(ScriptText.quoted("auth/\(vault.mount)/role/\(vault.role)"))  # keep this",
                    "vault delete\(space) \(ScriptText.quoted("auth/\(vault.mount)/role/\(vault.role)"))",
                ]
            ),
        ]
    }

    private static func text(_ json: JSON) -> String {
        String(decoding: json.serialized(pretty: true), as: UTF8.self) + "\n"
    }
}
