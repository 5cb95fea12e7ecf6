extension Preset {
    /// Which claims of ours stand where in the system's tokens, as an entry's `claims` would write it.
    var written: [(claim: String, places: [String])] {
        switch self {
        case .github: Self.ofGitHub
        case .gitlab: Self.ofGitLab
        case .circleci: Self.ofCircleCI
        case .buildkite: Self.ofBuildkite
        case .bitbucket: Self.ofBitbucket
        case .azureDevOps: Self.ofAzureDevOps
        case .kubernetes: Self.ofKubernetes
        }
    }

    /// GitHub's tokens name no job: the file that defines it, at its ref, is what a reusable workflow is known by.
    private static let ofGitHub = [
        ("project", ["repository"]), ("project_id", ["repository_id"]),
        ("workflow", ["workflow"]), ("workflow_id", ["workflow_ref"]), ("job", ["job_workflow_ref", "workflow_ref"]),
        ("run_id", ["run_id"]), ("attempt", ["run_attempt"]),
        ("ref", ["ref"]), ("ref_type", ["ref_type"]), ("sha", ["sha"]), ("event", ["event_name"]),
        ("environment", ["environment"]), ("actor", ["actor"]), ("runner", ["runner_environment"]),
        ("repository", ["repository"]),
    ]

    private static let ofGitLab = [
        ("project", ["project_path"]), ("project_id", ["project_id"]),
        ("workflow", ["ci_config_ref_uri", "=.gitlab-ci.yml"]), ("job", ["job_id"]),
        ("run_id", ["pipeline_id"]),
        ("ref", ["ref_path", "ref"]), ("ref_type", ["ref_type"]), ("sha", ["sha"]), ("event", ["pipeline_source"]),
        ("environment", ["environment"]), ("actor", ["user_login"]), ("runner", ["runner_environment"]),
        ("repository", ["project_path"]),
    ]

    private static let ofCircleCI = [
        ("project", ["oidc.circleci.com/project-id"]), ("project_id", ["oidc.circleci.com/project-id"]),
        ("workflow", ["oidc.circleci.com/workflow-id"]), ("workflow_id", ["oidc.circleci.com/pipeline-definition-id"]),
        ("job", ["oidc.circleci.com/job-id"]), ("run_id", ["oidc.circleci.com/pipeline-id"]),
        ("ref", ["oidc.circleci.com/vcs-ref"]), ("repository", ["oidc.circleci.com/vcs-origin"]),
    ]

    private static let ofBuildkite = [
        ("project", ["{organization_slug}/{pipeline_slug}"]), ("project_id", ["pipeline_id"]),
        ("workflow", ["pipeline_slug"]), ("job", ["step_key", "job_id"]),
        ("run_id", ["build_id", "build_number"]),
        ("ref", ["refs/tags/{build_tag}", "refs/heads/{build_branch}"]), ("sha", ["build_commit"]),
        ("event", ["build_source"]), ("runner", ["runner_environment"]),
    ]

    private static let ofBitbucket = [
        ("project", ["repositoryUuid"]), ("project_id", ["repositoryUuid"]),
        ("workflow", ["pipelineUuid"]), ("job", ["stepUuid"]), ("run_id", ["pipelineRunUuid", "pipelineUuid"]),
        ("ref", ["refs/heads/{branchName}"]), ("environment", ["deploymentEnvironmentUuid"]),
        ("actor", ["accountId"]),
    ]

    /// The subject is `p://ORGANISATION/PROJECT/PIPELINE`, or `sc://…` of a service connection.
    private static let ofAzureDevOps = [
        ("project", ["prj_id"]), ("project_id", ["prj_id"]),
        ("workflow", ["sub"]), ("workflow_id", ["def_id"]), ("job", ["def_id"]), ("run_id", ["run_id"]),
        ("ref", ["rpo_ref"]), ("sha", ["rpo_ver"]), ("repository", ["rpo_uri"]),
    ]

    private static let ofKubernetes = [
        ("project", ["/kubernetes.io/namespace"]),
        ("workflow", ["/kubernetes.io/serviceaccount/name"]), ("workflow_id", ["/kubernetes.io/serviceaccount/uid"]),
        ("job", ["/kubernetes.io/pod/name", "sub"]), ("run_id", ["/kubernetes.io/pod/uid", "jti"]),
        ("runner", ["/kubernetes.io/node/name"]),
    ]
}
