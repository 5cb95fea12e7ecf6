internal import Configuration
internal import Crypto
internal import Encoding
internal import EventLoop
internal import HTTP
internal import HTTPServer
internal import Ledger
internal import Locks
internal import POSIX
internal import Time

/// `jobpass audit witness`: any machine that keeps what a ledger has signed, so that it cannot be rewritten.
enum AuditWitnessCommand {
    static let log = Option.value(
        "log",
        "KEY",
        "a ledger's verifier key, NAME+ID+KEY, or a file that holds it; repeat for several",
        isRequired: true,
        repeats: true
    )
    static let name = Option.value(
        "name",
        "NAME",
        "the witness's own name, such as witness.example.com/w1",
        isRequired: true
    )
    static let listen = Option.value("listen", "ADDRESS:PORT", "where brokers reach it; 127.0.0.1:8090 by default")

    static let definition = Command(
        name: "witness",
        summary: "be a witness: cosign a ledger's checkpoints, and refuse a fork",
        details: [
            "Keeps, in DIR, its key (made at the first start) and the newest checkpoint of each ledger, and cosigns a newer one only "
                + "where it is proved to begin with the old: C2SP tlog-witness. A fork is refused, kept in DIR, and shouted about on "
                + "standard error whenever it is offered and at each start. Run it on a machine that the broker's keepers do not hold.",
            "Its own verifier key is written to standard output; put it, with its address, under ledger.witnesses of the broker. "
                + "In the open it should stand behind a proxy that ends TLS.",
        ],
        operands: [Command.Operand("DIR", "where it keeps its key and checkpoints", kind: .directory)],
        options: [log, name, listen],
        examples: [
            Command.Example(
                "jobpass audit witness /var/lib/witness --name witness.example.com/w1 --log ledger.vkey",
                "watch over one ledger"
            )
        ],
        exits: [
            Command.Note("0", "it was stopped by a signal"),
            Command.Note("78", "its key, or what it has kept, cannot be used"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        Files.setCreationMask(0o077)
        let signals = try SignalWatch([.terminate, .interrupt])
        let keys = try invocation.all(log).map { text in
            text.contains("+") ? try VerifierKey(text) : try VerifierKey(trimmed: try LocalFile.read(text))
        }
        let witness = try Witness(
            directory: invocation.operands[0],
            name: try KeyName(invocation[name] ?? ""),
            logs: keys
        )
        let (host, port) = try address(invocation)
        return try EventLoop.runToCompletion { loop in
            let server = try await HTTPServer.start(
                on: loop,
                settings: HTTPServer.Settings(
                    address: host,
                    port: port,
                    errorBody: { status, reason in HTTPResponse(status: status, body: Array("\(reason)\n".utf8)) }
                )
            ) { request in await witness.answer(request) }
            try StandardOutput.write("\(witness.verifier)\n")
            for fork in witness.forks {
                StandardError.write(
                    "\u{7}jobpass: FORK: evidence that a log has signed two histories is kept in \(fork)\n"
                )
            }
            Console(invocation.environment).note("witness \(witness.verifier.name) listens on \(host):\(server.port)")
            let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
            let watch = try EventWatch(signals.descriptor.number, for: .read, on: loop) { _ in
                while signals.poll() != nil { arrived.yield() }
            }
            defer { watch.cancel() }
            for await _ in arrivals { break }
            await server.drain(for: .seconds(5))
            return .success
        }
    }

    private static func address(_ invocation: Invocation) throws(CommandError) -> (String, UInt16) {
        let text = invocation[listen] ?? "127.0.0.1:8090"
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw .usage("\(invocation.label)--listen: '\(text)' is no ADDRESS:PORT")
        }
        let host = text[..<colon].drop { $0 == "[" }
        return (String(host.hasSuffix("]") ? host.dropLast() : host), port)
    }
}
