internal import Exchange
internal import HTTP
internal import JSON

/// An error that the broker answered: the contract's code, its words, and the trace id under which the broker's log and
/// ledger tell more.
struct BrokerRefusal {
    let status: Int
    let code: String
    let words: String
    let trace: String?
    /// The cloud's own code and words, where the cloud refused.
    let cause: String?
    /// What the failure of a trade means: the kind that the broker tells with its cause.
    let kind: ExchangeFailure.Kind?
    let broker: String

    init(_ status: Int, _ body: JSON, from broker: String) {
        self.status = status
        self.broker = broker
        code = body["error"]?.asString ?? "no error code"
        words = body["error_description"]?.asString ?? ""
        trace = body["trace"]?.asString
        let said = body["cause"]
        kind = said?["kind"]?.asString.flatMap(ExchangeFailure.Kind.init(rawValue:))
        cause =
            said?.asString
            ?? said.map { said in
                [said["code"]?.asString, said["text"]?.asString].compactMap(\.self).joined(separator: ": ")
            }
    }

    /// Which exit code a script gets for it; README and help list the same.
    var exit: ExitCode {
        switch kind {
        case .refused: return .denied
        case .misconfigured: return .configuration
        case .brokenAnswer: return .badProtocol
        case .outage, .cancelled, nil: break
        }
        return Self.exit(forStatus: status)
    }

    /// The same for a status alone, as for what this host refuses in a broker's place.
    static func exit(forStatus status: Int) -> ExitCode {
        switch status {
        case 401, 403: .denied
        case 429, 504: .tryAgain
        // The cloud was asked and said no: nothing on this side will change its mind.
        case 502: .denied
        case 500...: .unavailable
        default: .badData
        }
    }

    static let exits = [
        Command.Note("65", "the broker knows no such name, or cannot take what was sent (400, 404, 409, 413)"),
        Command.Note("69", "the broker cannot be reached, or cannot record or answer now (503)"),
        Command.Note("75", "too many requests, or a time limit ran out (429, 504)"),
        Command.Note("76", "what answered for the cloud is not the service that the target names (502)"),
        Command.Note("77", "the broker's policy refused (401, 403), or the cloud did (502)"),
        Command.Note("78", "the target's settings, or the cloud's side of them, are wrong (502)"),
    ]
}

extension CommandError {
    init(_ refusal: BrokerRefusal) {
        var message = "\(refusal.broker) answered \(refusal.status) \(refusal.code)"
        if !refusal.words.isEmpty { message += ": \(refusal.words)" }
        if let cause = refusal.cause, !cause.isEmpty { message += "\nthe cloud's own words: \(cause)" }
        if let trace = refusal.trace { message += "\ntrace \(trace)" }
        self.init(refusal.exit, message, advice: Self.advice(for: refusal.status))
    }

    /// Why no answer came, and what to look at.
    init(_ error: TransportError, at address: BrokerAddress) {
        let reason = "cannot reach the broker at \(error.endpoint): \(error.reason)"
        switch error.code {
        case .badURL: self.init(.usage, "\(address.url): \(error.reason)", advice: "use https, or http on loopback")
        case .timeout: self.init(.tryAgain, reason)
        case .certificate, .tls:
            self.init(.unavailable, reason, advice: "name the authorities that its certificate has: --ca FILE")
        case .nameLookup, .connection:
            self.init(.unavailable, reason, advice: "is it running there, and is JOBPASS_URL or --url right?")
        case .tooLarge, .badResponse, .cancelled: self.init(.unavailable, reason)
        }
    }

    private static func advice(for status: Int) -> String? {
        switch status {
        case 401: "the token is unknown, or its run has ended or expired; an ended run gets nothing more"
        case 403: "the broker's log and ledger hold the same reason under the trace id"
        case 429: "wait before asking again"
        default: nil
        }
    }
}
