import HTTP
import JSON
import POSIX
import Support
import Testing

/// One client command against a broker that gives set answers.
struct ClientScenario {
    let broker: FakeBroker

    init(
        _ answers: [String: HTTPResponse],
        otherwise: @escaping @Sendable (FakeBroker.Call) -> HTTPResponse? = { _ in nil }
    ) async throws {
        broker = try await FakeBroker(answers, otherwise: otherwise)
    }

    /// What a job has in its environment.
    var jobVariables: [String: String] { ["JOBPASS_URL": broker.url, "JOBPASS_REQUEST_TOKEN": "jpr_test"] }

    /// Calls a command as a job would.
    func job(_ arguments: String..., input: [UInt8] = []) throws -> BuiltCommand.Result {
        try BuiltCommand.run(arguments, jobVariables, input: input)
    }

    /// Calls a command as an orchestrator, administrator or auditor would, with its token in a file.
    func principal(
        _ arguments: [String],
        _ variables: [String: String] = [:],
        input: [UInt8] = []
    ) throws -> BuiltCommand.Result {
        let directory = try Files.makeTemporaryDirectory("jobpass-client")
        defer { try? Files.removeTree(directory) }
        let file = Paths.join(directory, "token")
        try Files.writeNew(file, Array("jpp_test\n".utf8))
        let known = ["JOBPASS_URL": broker.url, "JOBPASS_TOKEN_FILE": file]
        return try BuiltCommand.run(arguments, known.merging(variables) { $1 }, input: input)
    }

    /// A credential of an AWS target.
    static func credential(_ target: String = "aws-prod", source: String = "exchange", key: String = "hunter2") -> JSON
    {
        [
            "target": .string(target), "type": "aws", "source": .string(source),
            "expires_at": source == "exchange" ? "2030-01-01T00:00:00Z" : .null,
            "environment": ["AWS_ACCESS_KEY_ID": "ASIATEST", "AWS_SECRET_ACCESS_KEY": .string(key)],
            "credential": ["region": "eu-west-1"], "ledger_index": 41,
        ]
    }
}
