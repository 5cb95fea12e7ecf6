/// `jobpass audit`: what the ledger says.
enum AuditCommand {
    static let definition = Command(
        name: "audit",
        summary: "ask the ledger who got what, when, and why not",
        details: ["Asks as the auditor whose token JOBPASS_TOKEN_FILE holds. Nothing can be changed by it."],
        examples: [
            Command.Example("jobpass audit list --project acme/web --outcome denied", "what a project was refused")
        ],
        body: .group([
            AuditListCommand.definition,
            AuditShowCommand.definition,
            AuditVerifyCommand.definition,
            AuditExportCommand.definition,
            AuditKeyCommand.definition,
            AuditConsistencyCommand.definition,
            AuditTraceCommand.definition,
            AuditReportCommand.definition,
            AuditWitnessCommand.definition,
            AuditPruneCommand.definition,
            AuditGenerateCommand.definition,
        ])
    )
}
