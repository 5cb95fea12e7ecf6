internal import Crypto
internal import POSIX

/// The token by which a client shows who it is, read from the environment or from a file that only its owner may read.
///
/// Noncopyable, so that no text can be made of it by accident.
struct BearerToken: ~Copyable, Sendable {
    private let text: String

    /// The most bytes of a token: upstream ID tokens are a few kilobytes.
    private static let limit = 1 << 16

    /// The request token of the run that this process belongs to.
    ///
    /// - Throws: `CommandError` with exit code 77 where there is none, with 78 where its file cannot be used.
    static func ofRun(_ environment: Environment) throws(CommandError) -> BearerToken {
        if let token = environment.nonEmpty(BrokerOptions.requestToken.name) {
            return try BearerToken(token, from: BrokerOptions.requestToken.name)
        }
        if let path = environment.nonEmpty(BrokerOptions.requestTokenFile.name) {
            return try BearerToken(file: path, namedBy: BrokerOptions.requestTokenFile.name)
        }
        throw CommandError(
            .denied,
            "this is no registered run: neither JOBPASS_REQUEST_TOKEN nor JOBPASS_REQUEST_TOKEN_FILE is set",
            advice:
                "register one around the command: jobpass run --project P --workflow W --job J -- CMD…; in a CI system "
                + "that the broker federates with, let the job have its ID token (JOBPASS_ID_TOKEN_FILE holds any)"
        )
    }

    /// Whether the environment names a request token.
    static func isNamed(_ environment: Environment) -> Bool {
        environment.nonEmpty(BrokerOptions.requestToken.name) != nil
            || environment.nonEmpty(BrokerOptions.requestTokenFile.name) != nil
    }

    /// The token of an orchestrator, administrator or auditor.
    ///
    /// - Throws: `CommandError` with exit code 77 where there is none, with 78 where its file cannot be used.
    static func ofPrincipal(_ environment: Environment) throws(CommandError) -> BearerToken {
        guard let path = environment.nonEmpty(BrokerOptions.tokenFile.name) else {
            throw CommandError(
                .denied,
                "nothing says who is asking: neither JOBPASS_TOKEN_FILE nor JOBPASS_CLIENT_CERTIFICATE is set",
                advice:
                    "set the first to a file of mode 0600 that holds your token, whose SHA-256 is the token_sha256 of one of the "
                    + "broker's principals, or the other to the certificate of one"
            )
        }
        return try BearerToken(file: path, namedBy: BrokerOptions.tokenFile.name)
    }

    private init(file path: String, namedBy variable: String) throws(CommandError) {
        let bytes: [UInt8]
        do throws(POSIXError) { bytes = try Files.readSecret(path, limit: Self.limit) } catch {
            throw CommandError(.configuration, "\(variable): \(error)")
        }
        try self.init(String(decoding: bytes, as: UTF8.self), from: "\(variable), \(path)")
    }

    /// A token that was handed out a moment ago.
    init(_ text: String, from source: String) throws(CommandError) {
        // A file made by an editor or by echo ends its only line.
        let token = text.hasSuffix("\n") ? text.dropLast() : text[...]
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CommandError(
                .configuration,
                "\(source): there is no token, or more than one line, a space or a character outside ASCII with it",
                advice: "it has to hold the token and nothing else"
            )
        }
        self.text = String(token)
    }

    /// The value of `Authorization`.
    func authorization(_ scheme: StaticString) -> String { "\(scheme) \(text)" }

    /// What a proof names the token by (RFC 9449, section 4.2, `ath`).
    var digest: SHA256Digest { SHA256.hash(text) }
}
