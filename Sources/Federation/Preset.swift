internal import Text

/// What is known of a CI system's tokens, so that an entry of `federation` need not say it: `preset: NAME`.
///
/// Each key of an entry takes the place of the preset's.
package enum Preset: String, CaseIterable, Sendable {
    case github
    case gitlab
    case circleci
    case buildkite
    case bitbucket
    case azureDevOps = "azure-devops"
    case kubernetes

    /// The issuer, where the system has one for everybody.
    package var issuer: String? {
        switch self {
        case .github: "https://token.actions.githubusercontent.com"
        case .gitlab: "https://gitlab.com"
        case .buildkite: "https://agent.buildkite.com"
        case .circleci, .bitbucket, .azureDevOps, .kubernetes: nil
        }
    }

    /// Issuers that speak for strangers too, whose entry must say which organisation's tokens are meant.
    package func speaksForEverybody(_ issuer: String) -> Bool { issuer == self.issuer || issuer == everybodysIssuer }

    /// CircleCI's root issuer, which a job may ask for instead of its organisation's.
    private var everybodysIssuer: String? { self == .circleci ? "https://oidc.circleci.com" : nil }

    /// The claims by which such an issuer tells organisations apart, the best first; the best outlives a rename.
    package var owners: [String] {
        switch self {
        case .github:
            ["repository_owner_id", "repository_id", "enterprise_id", "repository_owner", "repository", "enterprise"]
        case .gitlab: ["namespace_id", "project_id", "namespace_path", "project_path"]
        case .circleci: ["oidc.circleci.com/org-id", "oidc.circleci.com/project-id"]
        case .buildkite: ["organization_id", "organization_slug", "pipeline_id"]
        case .bitbucket, .azureDevOps, .kubernetes: []
        }
    }

    /// Which claims of ours are taken from where.
    package var mappings: [UpstreamIssuer.Mapping] {
        written.map { UpstreamIssuer.Mapping($0.claim, $0.places.compactMap(ForeignClaim.init)) }
    }

    /// What every token must say.
    package var require: [ForeignCondition] {
        switch self {
        // Whoever reruns a job with SSH has a shell in it (CircleCI's documentation of its OIDC tokens).
        case .circleci: [Self.condition("oidc.circleci.com/ssh-rerun", ["false"])]
        default: []
        }
    }

    /// What the tokens say of forks.
    package var trust: ForeignTrust {
        switch self {
        // A token does not say whether a pull request comes from a fork; 'pull_request_target' runs the base's own code, while
        // reviews and their comments run the pull request's.
        case .github:
            ForeignTrust(
                untrustedWhen: [
                    Self.condition(
                        "event_name",
                        ["pull_request", "pull_request_review", "pull_request_review_comment"]
                    ),
                    Self.condition("ref", ["refs/pull/**"]),
                ]
            )
        // A fork's merge request may run in the parent's project: then the job's own project is the fork.
        case .gitlab:
            ForeignTrust(
                untrustedWhen: [Self.condition("pipeline_source", ["external_pull_request_event"])],
                same: [Self.pair("job_project_id", "project_id"), Self.pair("job_project_path", "project_path")]
            )
        // A fork's pull request is built in the parent's project on a branch by this name.
        case .circleci:
            ForeignTrust(
                untrustedWhen: [
                    Self.condition("oidc.circleci.com/vcs-ref", ["refs/heads/pull/*", "refs/pull/**", "pull/*"])
                ]
            )
        // Buildkite prefixes a third party's branch with its owner's name; no branch of git's can have a colon.
        case .buildkite: ForeignTrust(untrustedWhen: [Self.condition("build_branch", ["**:**"])])
        case .azureDevOps: ForeignTrust(untrustedWhen: [Self.condition("rpo_ref", ["refs/pull/**"])])
        // A fork of Bitbucket's runs in its own repository, and a service account is nobody's fork.
        case .bitbucket, .kubernetes: ForeignTrust()
        }
    }

    /// The key of the entry by which forks are told apart better, where a preset alone cannot.
    package var advisable: (claim: String, example: String)? {
        self == .circleci
            ? ("oidc.circleci.com/vcs-origin", "trusted_when: {oidc.circleci.com/vcs-origin: \"github.com/acme/*\"}")
            : nil
    }

    private static func condition(_ place: String, _ patterns: [String]) -> ForeignCondition {
        guard let place = ForeignClaim(place) else { preconditionFailure("'\(place)' is no place") }
        return ForeignCondition(place, patterns.compactMap { try? Pattern($0) })
    }

    private static func pair(_ first: String, _ second: String) -> ForeignPair {
        guard let first = ForeignClaim(first), let second = ForeignClaim(second) else {
            preconditionFailure("'\(first)' or '\(second)' is no place")
        }
        return ForeignPair(first, second)
    }
}
