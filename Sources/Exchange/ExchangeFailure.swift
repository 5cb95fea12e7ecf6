/// Why a trade gave no credential; the kind alone decides what may happen next.
package struct ExchangeFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// What a failure means for the job.
    package enum Kind: String, CaseIterable, Sendable {
        /// The cloud understood and said no: final, neither tried again nor replaced by a fallback.
        case refused
        /// The cloud could not be asked, or could not answer: tried again, and then the only reason for a fallback.
        case outage
        /// The cloud could be asked, and a setting of ours or of the role is wrong: somebody has to mend it.
        case misconfigured
        /// Something answered that is not the service we know, or not as it should: no more reason to trust it than a no.
        case brokenAnswer = "broken_answer"
        /// The broker itself is going away; nothing is known of the cloud.
        case cancelled
    }

    package let kind: Kind
    /// The cloud's own code (`AccessDenied`), else ours for what happened (`timeout`, `certificate`, `http-503`).
    package let code: String
    /// The cloud's or the library's own words, cut to a bounded line in which no token stands.
    package let message: String
    /// How often the cloud was asked.
    package internal(set) var attempts = 1
    /// Whether time ran out, rather than the cloud refusing connections or answering.
    package internal(set) var isTimeout = false
    /// Whether asking again within seconds can help.
    var isWorthAnotherTry: Bool
    /// How long the cloud asks us to wait (RFC 9110, section 10.2.3).
    let retryAfter: Duration?

    /// What to do about it, where the service's own code tells more than the kind.
    private let ownAdvice: String?

    /// Makes a failure; the message is held to what `message` promises.
    ///
    /// An outage is worth another try; a refusal only where the service is known to change its mind within seconds.
    package init(
        _ kind: Kind,
        code: String,
        message: String,
        advice: String? = nil,
        retryAfter: Duration? = nil,
        isWorthAnotherTry: Bool = false
    ) {
        self.kind = kind
        ownAdvice = advice
        self.code = CloudText.code(code)
        self.message = CloudText.line(message)
        self.retryAfter = retryAfter
        self.isWorthAnotherTry = kind == .outage || isWorthAnotherTry
    }

    /// A failure that a job met and reports, in the job's own words.
    package init(reported kind: Kind, code: String, message: String, attempts: Int, isTimeout: Bool) {
        self.init(kind, code: code, message: message)
        self.attempts = attempts
        self.isTimeout = isTimeout
    }

    /// What to do about it, for the person who reads the refusal.
    package var advice: String {
        if let ownAdvice { return ownAdvice }
        switch kind {
        case .refused:
            return "compare the token's claims ('jobpass token --format claims') with what the cloud's trust wants"
        case .outage:
            return code == "certificate"
                ? "name the authority of the service's certificate with the target's 'ca', or mend the service's certificate"
                : "try again; if it lasts, see whether the service is up and its address can be reached from here"
        case .misconfigured: return "mend the target's settings, or the cloud's side of them"
        case .brokenAnswer: return "see what answers at that address: it is not the service that the target names"
        case .cancelled: return "try again"
        }
    }

    package var description: String { "\(code): \(message)" }
}
