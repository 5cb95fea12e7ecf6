internal import HTTP
internal import JSON

/// `jobpass audit show`: one entry, whole.
enum AuditShowCommand {
    static let definition = Command(
        name: "show",
        summary: "show one entry of the ledger whole",
        operands: [Command.Operand("INDEX", "the entry's number, as the broker's answers carry it in ledger_index")],
        options: BrokerOptions.all + [.json],
        examples: [Command.Example("jobpass audit show 1042", "see what was recorded of one token")],
        variables: BrokerOptions.principalVariables,
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        guard let index = UInt64(invocation.operands[0]) else {
            throw CommandError.usage("\(invocation.label)INDEX: '\(invocation.operands[0])' is no entry's number")
        }
        let answer = try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await broker.call(.get, ["v1", "audit", "entries", "\(index)"])
        }
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result(answer)
            return .success
        }
        var table = Table("FIELD", "VALUE")
        for member in answer["entry"]?.asObject?.members ?? [] {
            guard case .object(let claims) = member.value else {
                table.add(member.name, member.value.asString ?? member.value.text)
                continue
            }
            for claim in claims.members {
                table.add("\(member.name).\(claim.name)", claim.value.asString ?? claim.value.text)
            }
        }
        try console.result(table.text(console.resultStyle))
        return .success
    }
}
