extension CommandTree {
    /// The program's commands, in the order in which help shows them.
    static let jobpass = CommandTree(
        root: Command(
            name: "jobpass",
            summary: "short-lived, attested credentials for CI jobs",
            details: [
                "Gives each job run a signed ID token that says which project, workflow and job it is, trades it at the "
                    + "cloud for a credential that dies with the job, and records every step."
            ],
            examples: [
                Command.Example("jobpass init /etc/jobpass", "make a configuration, keys and a store"),
                Command.Example("jobpass exec aws-prod -- aws s3 ls", "run a command with a cloud's credential"),
            ],
            body: .group([
                InitCommand.definition,
                ConfigCommand.definition,
                ServeCommand.definition,
                RunCommand.definition,
                WhoamiCommand.definition,
                TokenCommand.definition,
                ExecCommand.definition,
                CredentialCommand.definition,
                DockerCredentialCommand.definition,
                GitCredentialCommand.definition,
                SecretCommand.definition,
                KeysCommand.definition,
                RevokeCommand.definition,
                StoreCommand.definition,
                AuditCommand.definition,
                VerifyCommand.definition,
                HealthCommand.definition,
                DoctorCommand.definition,
                ProbeCommand.definition,
                TrustCommand.definition,
                SandboxCommand.definition,
                BenchCommand.definition,
                CompletionsCommand.definition,
                ManCommand.definition,
            ])
        ),
        version: Version.text
    )
}
