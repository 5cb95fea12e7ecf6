internal import Encoding
internal import EventLoop
internal import HTTP
internal import HTTPClient

/// `jobpass health`: whether a broker can work now, for whatever watches it.
enum HealthCommand {
    static let alive = Option.flag("alive", "ask only whether it answers, not whether it can sign and record")

    static let definition = Command(
        name: "health",
        summary: "ask a broker whether it can sign and record now",
        details: [
            "Asks /readyz, or /healthz with --alive, without a token and once. It is for what watches a broker and has no other client at "
                + "hand, such as a container's health check."
        ],
        options: BrokerOptions.all + [alive],
        examples: [Command.Example("jobpass health --url http://127.0.0.1:8080", "look at the broker of this host")],
        variables: [BrokerOptions.urlVariable, BrokerOptions.authoritiesVariable],
        exits: [
            Command.Note("0", "it can"), Command.Note("69", "it cannot, and says why, or nothing answers"),
        ],
        body: .action(run)
    )

    /// Whatever watches asks again.
    private static let patience = Duration.seconds(5)

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let address = try BrokerAddress(invocation)
        let request = OutgoingRequest(
            .get,
            url: "\(address.url)/\(invocation.has(alive) ? "healthz" : "readyz")",
            fields: ["User-Agent": "jobpass/\(Version.text)"],
            limits: OutgoingRequest.Limits(connect: patience, total: patience, responseBytes: 1 << 14),
            certificateAuthorities: address.authorities
        )
        let answer = try EventLoop.runToCompletion { loop in
            do throws(TransportError) { return try await HTTPClient(on: loop).send(request) } catch {
                throw CommandError(error, at: address)
            }
        }
        let words = String(decoding: answer.body, as: UTF8.self).split(separator: "\n").joined(separator: " ")
        guard answer.status == 200 else {
            throw CommandError(.unavailable, "\(address.url) answered \(answer.status): \(words)")
        }
        try Console(invocation.environment).result("\(words)\n")
        return .success
    }
}
