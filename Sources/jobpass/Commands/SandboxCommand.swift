internal import Crypto
internal import EventLoop
internal import HTTP
internal import HTTPClient
internal import HTTPServer
internal import POSIX
internal import Sandbox
internal import Time
internal import Tokens

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
        "ROLE[=FILE]",
        "a Vault role that there is, and the file that says whom it admits; any role by default",
        repeats: true
    )
    static let audience = Option.value(
        "audience",
        "AUDIENCE",
        "what the RFC 8693 server takes; sandbox by default",
        letter: "a",
        repeats: true
    )

    static let gcpAudience = Option.value(
        "gcp-audience",
        "AUDIENCE",
        "what Google takes; the provider's own name by default",
        repeats: true
    )
    static let azureAudience = Option.value(
        "azure-audience",
        "AUDIENCE",
        "what Entra takes; api://AzureADTokenExchange by default",
        repeats: true
    )
    static let azureSubject = Option.value(
        "azure-subject",
        "SUBJECT",
        "a subject with a federated credential; any by default",
        repeats: true
    )
    static let vaultNamespace = Option.value(
        "vault-namespace",
        "PATH",
        "a namespace that Vault has beside its root",
        repeats: true
    )
    static let vaultSecret = Option.value(
        "vault-secret",
        "PATH:FIELD=VALUE",
        "a field of a made-up secret, such as secret/data/web:password=x",
        repeats: true
    )
    static let awsTrustPolicy = Option.value(
        "aws-trust-policy",
        "FILE",
        "the trust policy of every AWS role; by default every good token assumes any",
        kind: .file
    )
    static let gcpProvider = Option.value(
        "gcp-provider",
        "FILE",
        "the provider of Google's pool: its audiences, mapping and condition",
        kind: .file
    )
    static let azureCredential = Option.value(
        "azure-credential",
        "FILE",
        "the federated credentials of every application at Entra",
        kind: .file
    )
    static let tls = Option.value(
        "tls",
        "FILE",
        "speak https, with a new certificate that is written to FILE for clients to trust"
    )
    static let fail = Option.value(
        "fail",
        "FAULT[:TIME]",
        "what goes wrong from the start on, one after another, such as outage:30s",
        repeats: true
    )
    static let latency = Option.value("latency", "TIME", "how much later every answer comes")

    static let definition = Command(
        name: "sandbox",
        summary: "run a stand-in cloud on loopback that verifies tokens as the real ones do",
        details: [
            "Answers as AWS STS (POST /), Google's STS and IAM Credentials (/v1/token, /v1/projects/…), Microsoft Entra ID "
                + "(/TENANT/oauth2/v2.0/token), Vault (/v1/…, JWT auth mounted at jwt, key-value secrets, leases, wrapping), a plain "
                + "RFC 8693 server (POST /token), and the endpoints of the recipes in deploy/recipes, for trying a configuration "
                + "with no account. Each token is verified through its issuer's discovery document and keys; what is given for it "
                + "is random and good for nothing.",
            "Faults are outage (503), error (500), throttle (429), hang, garbage, truncated, html, large, redirect, and ok for a "
                + "pause between two.",
            "With --aws-trust-policy, --gcp-provider, --azure-credential and --vault-role ROLE=FILE the stand-ins enforce these policies, by "
                + "the evaluator of jobpass trust explain: what cannot be told is refused.",
            "Says of each token whether it was taken, and why not. A signal ends it.",
        ],
        options: [
            listen, issuer, awsAudience, gcpAudience, azureAudience, azureSubject, vaultAudience, vaultRole,
            vaultNamespace,
            vaultSecret, awsTrustPolicy, gcpProvider, azureCredential, audience, tls, fail, latency,
        ],
        examples: [
            Command.Example(
                "jobpass sandbox --issuer http://127.0.0.1:8080",
                "a cloud that trusts the broker on this machine"
            ),
            Command.Example(
                "jobpass sandbox --issuer https://ci.example.com --aws-trust-policy role.json --vault-role deploy=role-vault.json",
                "rehearse policies with real jobs, before they are in force"
            ),
            Command.Example(
                "jobpass sandbox --issuer http://127.0.0.1:8080 --fail outage:30s --latency 2s",
                "the same on a bad day: out for half a minute, and slow ever after"
            ),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let signals = try SignalWatch([.terminate, .interrupt])
        let address = try address(invocation)
        let settings = try settings(invocation)
        let context = try invocation[tls].map { path in try certificate(for: address.host, into: path) }
        let console = Console(invocation.environment)
        return try EventLoop.runToCompletion { [settings, context] loop in
            let sandbox = Sandbox(
                settings,
                transport: HTTPClient(on: loop),
                clock: SystemClock.now,
                sleep: { duration in try? await loop.sleep(for: duration) },
                report: { event in console.note(event.line) }
            )
            let server = try await HTTPServer.start(
                on: loop,
                settings: HTTPServer.Settings(
                    address: address.host,
                    port: address.port,
                    tls: context,
                    errorBody: plain
                )
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

    /// A certificate for the sandbox's address and for `localhost`, whose key is nowhere but here.
    private static func certificate(for host: String, into path: String) throws -> TLSServerContext {
        let names =
            ["DNS:localhost", "IP:127.0.0.1", "IP:::1"] + (["127.0.0.1", "::1"].contains(host) ? [] : ["IP:\(host)"])
        let made = try SelfSignedCertificate.make(for: names, days: 7, from: SystemClock.now().seconds)
        try Files.replace(path, made.certificate)
        return try TLSServerContext(
            certificateChain: made.certificate,
            privateKey: made.privateKey,
            clientAuthorities: nil
        )
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
