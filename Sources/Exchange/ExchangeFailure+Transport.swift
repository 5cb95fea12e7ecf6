package import HTTP

extension ExchangeFailure {
    /// The failure of a request to which no response came.
    ///
    /// A certificate that cannot be trusted counts as an outage, as the contract's second promise has it for TLS: whoever can
    /// present a wrong one can as well cut the line, so that telling the two apart would protect nobody. It is not tried
    /// again, since another certificate is not to be expected within seconds.
    package init(_ error: TransportError) {
        let (kind, code): (Kind, String) =
            switch error.code {
            case .nameLookup: (.outage, "name-lookup")
            case .connection: (.outage, "connection")
            case .tls: (.outage, "tls")
            case .certificate: (.outage, "certificate")
            case .timeout: (.outage, "timeout")
            case .badURL: (.misconfigured, "url")
            case .tooLarge: (.brokenAnswer, "too-large")
            case .badResponse: (.brokenAnswer, "no-http")
            case .cancelled: (.cancelled, "cancelled")
            }
        self.init(kind, code: code, message: error.description)
        isTimeout = error.code == .timeout
        isWorthAnotherTry = kind == .outage && error.code != .certificate
    }

    /// The outage of a service that is not asked before some time has passed, since it was down a moment ago.
    init(notAskedFor pause: Duration, after last: String) {
        let seconds = max(pause, .seconds(1)).components.seconds
        self.init(
            .outage,
            code: "circuit-open",
            message: "not asked, and not for the next \(seconds) s: \(Breaker.threshold) tries in a row failed, "
                + "the last by \(last)"
        )
        attempts = 0
        isWorthAnotherTry = false
    }

    /// What is left of a failure where nobody waits for the outcome any more: it says nothing of the cloud.
    func whenNobodyWaits() -> ExchangeFailure {
        var failure = ExchangeFailure(
            .cancelled,
            code: "cancelled",
            message: "given up between two tries, after \(self)"
        )
        failure.attempts = attempts
        return failure
    }
}

extension ExchangeFailure {
    /// The failure that a status means whatever the service; nil for the 4xx in which a service speaks itself.
    init?(statusOf response: HTTPResponse) {
        let code = "http-\(response.status)"
        switch response.status {
        case 429:
            self.init(
                .outage,
                code: code,
                message: "the service asks for fewer requests",
                retryAfter: Self.retryAfter(of: response)
            )
        case 400..<500: return nil
        case 500..<600:
            self.init(
                .outage,
                code: code,
                message: "the service answered with an error of its own",
                retryAfter: Self.retryAfter(of: response)
            )
        case 300..<400:
            let location = response.fields["Location"] ?? "nowhere"
            let shown = String(location.unicodeScalars.prefix { $0 != "?" && $0 != "#" })
            self.init(.brokenAnswer, code: code, message: "redirects are not followed; it points to \(shown)")
        default: self.init(.brokenAnswer, code: code, message: "no status with which this service answers here")
        }
    }

    /// The pause that a response asks for, where it is written in seconds; a date would need the service's clock.
    private static func retryAfter(of response: HTTPResponse) -> Duration? {
        guard let text = response.fields["Retry-After"], (1...6).contains(text.utf8.count),
            text.utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        return Int64(text).map { .seconds($0) }
    }
}
