internal import HTTP
internal import POSIX
internal import Text

/// How a client finds its broker, and what it shows there: options and variables that its commands share.
enum BrokerOptions {
    static let url = Option.value("url", "URL", "the broker's address, such as https://ci.example.com; or JOBPASS_URL")
    static let authorities = Option.value(
        "ca",
        "FILE",
        "trust servers by this file of authorities (PEM) instead of the system's; or JOBPASS_CA_FILE",
        kind: .file
    )

    static let all = [url, authorities]

    /// The file of authorities that a call names, or its environment; nil for the system's.
    static func authorities(_ invocation: Invocation) -> String? {
        invocation[authorities] ?? invocation.environment.nonEmpty(authoritiesVariable.name)
    }

    static let urlVariable = Command.Note("JOBPASS_URL", "the broker's address, where --url is not given")
    static let authoritiesVariable = Command.Note("JOBPASS_CA_FILE", "authorities to trust, where --ca is not given")
    static let requestToken = Command.Note("JOBPASS_REQUEST_TOKEN", "the run's request token")
    static let requestTokenFile = Command.Note(
        "JOBPASS_REQUEST_TOKEN_FILE",
        "a file of mode 0600 that holds it, where JOBPASS_REQUEST_TOKEN is not set"
    )
    static let idToken = Command.Note(
        "JOBPASS_ID_TOKEN_FILE",
        "a file that holds the CI system's own ID token, or JOBPASS_ID_TOKEN the token itself; where there is no request token, it "
            + "is traded for one, as are those that CircleCI, GitHub, GitLab, Buildkite, Bitbucket and Azure offer by themselves"
    )
    static let tokenFile = Command.Note(
        "JOBPASS_TOKEN_FILE",
        "a file of mode 0600 that holds the token of a principal of the broker"
    )

    static let certificate = Command.Note(
        "JOBPASS_CLIENT_CERTIFICATE",
        "a PEM file of the client certificate to show the broker"
    )
    static let certificateKey = Command.Note(
        "JOBPASS_CLIENT_KEY",
        "a file of mode 0600 with its private key, where the certificate's file has none"
    )
    static let proofKey = Command.Note(
        "JOBPASS_DPOP_KEY",
        "a file of mode 0600 with the private key that the request token is bound to, or is to be (RFC 9449)"
    )

    /// What a job's commands read.
    static let jobVariables = [
        urlVariable, requestToken, requestTokenFile, idToken, proofKey, certificate, certificateKey,
        authoritiesVariable,
    ]

    /// What an orchestrator's, administrator's or auditor's commands read.
    static let principalVariables = [urlVariable, tokenFile, certificate, certificateKey, authoritiesVariable]
}

/// Where the broker is.
struct BrokerAddress: Equatable, Sendable {
    /// Without a slash at the end.
    let url: String
    /// A PEM file of authorities; nil for the system's.
    let authorities: String?
    /// What shows the broker who asks, with or without a token.
    let certificate: ClientCertificate?

    /// Finds the broker by `--url` or `JOBPASS_URL`.
    ///
    /// - Throws: `CommandError` where neither is there, or what is there is no address.
    init(_ invocation: Invocation) throws(CommandError) {
        let variable = BrokerOptions.urlVariable.name
        let given = invocation[BrokerOptions.url]
        guard let text = given ?? invocation.environment.nonEmpty(variable) else {
            throw .usage(
                "\(invocation.label)no broker is named",
                advice: "give --url or set \(variable) to the broker's address, such as https://ci.example.com"
            )
        }
        let rest = ["https://", "http://"].first { text.hasPrefix($0) }.map { text.dropFirst($0.count) }
        guard let rest, !rest.isEmpty, !rest.contains(where: { "?#@ ".contains($0) }) else {
            throw CommandError(
                given == nil ? .configuration : .usage,
                "\(given == nil ? variable : "--url"): '\(text.madeVisible)' is no broker's address",
                advice: "write it as https://ci.example.com, without user, query or fragment (http on loopback alone)"
            )
        }
        var url = text
        while url.hasSuffix("/") { url.removeLast() }
        self.url = url
        authorities = BrokerOptions.authorities(invocation)
        certificate = try ClientCertificate.find(in: invocation.environment)
    }
}
