internal import EventLoop
internal import Ledger

/// `jobpass audit key`: the key that verifies the ledger's checkpoints.
enum AuditKeyCommand {
    static let definition = Command(
        name: "key",
        summary: "show the ledger's verifier key, to be kept by those who verify",
        details: [
            "As NAME+ID+KEY of C2SP signed-note. Take it on the broker's own host, with --config, or by a way that you trust, "
                + "and keep it: whoever has it need believe nobody else about the ledger."
        ],
        options: LedgerSource.options,
        examples: [
            Command.Example("jobpass audit key --config /etc/jobpass/jobpass.yaml > ledger.vkey", "for an auditor")
        ],
        variables: BrokerOptions.principalVariables,
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let key = try EventLoop.runToCompletion { loop in
            try await AuditKey.find(invocation, try LedgerSource(invocation, on: loop))
        }
        try Console(invocation.environment).result("\(key)\n")
        return .success
    }
}

/// `jobpass audit consistency`: whether the ledger has only grown.
enum AuditConsistencyCommand {
    static let definition = Command(
        name: "consistency",
        summary: "prove that the ledger has only grown since a checkpoint",
        operands: [
            Command.Operand("EARLIER", "a checkpoint that you kept", kind: .file),
            Command.Operand("LATER", "a later one; the ledger's newest by default", count: .atMostOne, kind: .file),
        ],
        options: [AuditKey.option] + LedgerSource.options,
        examples: [
            Command.Example(
                "jobpass audit consistency january.checkpoint --key ledger.vkey",
                "nothing of January was changed or removed"
            )
        ],
        variables: BrokerOptions.principalVariables,
        exits: [Command.Note("65", "it was cut short, changed or forked")]
            + BrokerRefusal.exits.filter { $0.name != "65" },
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let (earlier, later) = try EventLoop.runToCompletion { loop in
            let source = try LedgerSource(invocation, on: loop)
            let key = try await AuditKey.find(invocation, source)
            let earlier = try Checkpoint(note: try LocalFile.read(invocation.operands[0]), verifiedBy: key)
            let note =
                invocation.operands.count > 1
                ? try LocalFile.read(invocation.operands[1]) : try await source.checkpoint()
            let later = try Checkpoint(note: note, verifiedBy: key)
            try await Consistency.check(earlier, later, source)
            return (earlier, later)
        }
        try Console(invocation.environment).result(
            "consistent: the ledger of \(later.size) entries begins with the \(earlier.size) of the earlier checkpoint\n"
        )
        return .success
    }
}
