internal import Crypto
internal import EventLoop
internal import HTTP
internal import HTTPClient
internal import HTTPServer
internal import POSIX
internal import Time
internal import Tokens
internal import Trust

/// `jobpass sandbox`: a stand-in cloud on loopback.
enum SandboxCommand {
    static let listen = Option.value(
        "listen",
        "ADDRESS:PORT",
        "where to listen; 127.0.0.1:8090 by default",
        letter: "l"
    )
    static let issuer = Option.value(
        "issuer",
        "URL",
        "an issuer whose tokens are taken",
        isRequired: true,
        repeats: true
    )
    static let awsAudience = Option.value(
        "aws-audience",
        "AUDIENCE",
        "what AWS STS takes; sts.amazonaws.com by default",
        repeats: true
    )
    static let vaultAudience = Option.value(
        "vault-audience",
        "AUDIENCE",
        "what the Vault role binds; vault by default",
        repeats: true
    )
    static let vaultRole = Option.value(
        "vault-role",
        "ROLE",
        "a Vault role that there is; any by default",
        repeats: true
    )
    static let audience = Option.value(
        "audience",
        "AUDIENCE",
        "what the RFC 8693 server takes; sandbox by default",
        letter: "a",
        repeats: true
    )

    static let definition = Command(
        name: "sandbox",
        summary: "run a stand-in cloud on loopback that verifies tokens as the real ones do",
        details: [
            "Answers as AWS STS (POST /), Vault (/v1/…, JWT auth mounted at jwt) and a plain RFC 8693 server (POST /token), for "
                + "trying a configuration with no account. Each token is verified through its issuer's discovery document and "
                + "keys; what is given for it is random and good for nothing.",
            "Says of each token whether it was taken, and why not. A signal ends it.",
        ],
        options: [listen, issuer, awsAudience, vaultAudience, vaultRole, audience],
        examples: [
            Command.Example(
                "jobpass sandbox --issuer http://127.0.0.1:8080",
                "a cloud that trusts the broker on this machine"
            )
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let signals = try SignalWatch([.terminate, .interrupt])
        let address = try address(invocation)
        var settings = Sandbox.Settings(issuers: try issuers(invocation))
        if !invocation.all(awsAudience).isEmpty { settings.awsAudiences = invocation.all(awsAudience) }
        if !invocation.all(vaultAudience).isEmpty { settings.vaultAudiences = invocation.all(vaultAudience) }
        if !invocation.all(audience).isEmpty { settings.exchangeAudiences = invocation.all(audience) }
        let roles = invocation.all(vaultRole)
        if !roles.isEmpty { settings.vaultRoles = Set(roles.map { $0.lowercased() }) }
        let console = Console(invocation.environment)
        return try EventLoop.runToCompletion { [settings] loop in
            let sandbox = Sandbox(settings, transport: HTTPClient(on: loop), clock: SystemClock.now) { event in
                console.note(event.line)
            }
            let server = try await HTTPServer.start(
                on: loop,
                settings: HTTPServer.Settings(address: address.host, port: address.port, errorBody: plain)
            ) { request in await sandbox.answer(request) }
            console.note("a stand-in cloud listens on \(address.host), port \(server.port)")
            let (arrivals, arrived) = AsyncStream.makeStream(of: Signal.self)
            let watch = try EventWatch(signals.descriptor.number, for: .read, on: loop) { _ in
                while let arrival = signals.poll() { arrived.yield(arrival.signal) }
            }
            defer { watch.cancel() }
            for await _ in arrivals { break }
            await server.close()
            return .success
        }
    }

    private static func issuers(_ invocation: Invocation) throws(CommandError) -> [IssuerURL] {
        var urls: [IssuerURL] = []
        for text in invocation.all(issuer) {
            do throws(TokenError) {
                urls.append(try IssuerURL(text))
            } catch {
                throw .usage("\(invocation.label)--issuer: \(error)")
            }
        }
        return urls
    }

    /// Loopback alone: a stand-in cloud is for the machine it is tried on.
    private static func address(_ invocation: Invocation) throws(CommandError) -> (host: String, port: UInt16) {
        let text = invocation[listen] ?? "127.0.0.1:8090"
        let colon = text.lastIndex(of: ":") ?? text.startIndex
        let host = String(text[..<colon].filter { $0 != "[" && $0 != "]" })
        guard host.hasPrefix("127.") || host == "::1", let port = UInt16(text[colon...].dropFirst()) else {
            throw .usage(
                "\(invocation.label)--listen: saw '\(text)', wanted a loopback address and port such as 127.0.0.1:8090"
            )
        }
        return (host, port)
    }

    @Sendable private static func plain(_ status: Int, _ reason: String) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: ["Content-Type": "text/plain; charset=utf-8"],
            body: Array("\(reason)\n".utf8)
        )
    }
}

extension SandboxEvent {
    /// What happened, for a person.
    fileprivate var line: String {
        switch outcome {
        case .taken(let subject): "\(standIn.rawValue): took the token of '\(subject)' for \(target)"
        case .refused(let reason): "\(standIn.rawValue): refused a token for \(target): \(reason)"
        }
    }
}
