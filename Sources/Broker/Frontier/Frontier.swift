internal import Auditing
internal import Exchange
internal import Federation
internal import HTTP
internal import Ledger
internal import Policy
internal import Runs
internal import Secrets
internal import Tokens

/// The one place where errors of the modules become answers.
///
/// What a client can mend is told to the client; what only an operator can mend is told to the log, under the trace id that
/// the client gets.
extension Problem {
    /// A known path was called with a method that it does not have.
    init(method: HTTPMethod, allowed: [HTTPMethod]) {
        self.init(.invalidRequest, "This path does not know \(method.rawValue).")
        otherStatus = 405
        self.allowed = allowed
    }

    /// The ledger could not record, so nothing leaves (the contract's first promise).
    init(_ error: LedgerError) {
        switch error.code {
        case .entryTooLarge:
            self.init(.invalidRequest, "What would be recorded is too large for the ledger: \(error.seen).")
        case .notFound:
            self.init(.notFound, "The ledger has no entry of that index.")
        default:
            self.init(.unavailable, "The ledger could not record this, so nothing was released; try again.")
            detail = error.description
            retryAfter = 1
        }
    }

    /// Runs could not be stored, or there are too many.
    init(_ error: RunError) {
        switch error.code {
        case .capacity: self.init(.slowDown, "As many runs are active as this broker takes; try again later.")
        case .storage, .damaged: self.init(.unavailable, "The store of runs could not be used; try again.")
        }
        detail = error.description
        retryAfter = 5
    }

    /// A policy's no.
    init(_ refusal: Refusal) {
        let reason = refusal.message.prefix(1).uppercased() + refusal.message.dropFirst() + "."
        self.init(.accessDenied, reason)
    }

    /// Static secrets could not be read or changed.
    init(_ error: SecretsError) {
        switch error.code {
        case .value: self.init(.invalidRequest, "\(error.detail).")
        case .notFound: self.init(.notFound, "\(error.detail).")
        case .conflict: self.init(.conflict, "\(error.detail).")
        case .setting, .masterKey, .damaged, .storage:
            self.init(.unavailable, "The static secrets could not be used.")
            detail = error.description
        }
    }

    /// An auditor's question has no answer.
    init(_ error: AuditError) {
        switch error.code {
        case .query: self.init(.invalidRequest, "\(error.reason).")
        case .notFound: self.init(.notFound, "\(error.reason).")
        case .unproved, .storage:
            self.init(.unavailable, "The ledger could not be read: \(error.reason).")
        }
    }

    /// Another issuer's token was not taken (RFC 8693, section 2.2.2).
    init(_ error: FederationError) {
        let entry = error.entry.map { " by '\($0)'" } ?? ""
        switch error.code {
        case .unreachable:
            self.init(.unavailable, "The subject_token cannot be verified now: \(error.reason).")
            retryAfter = 10
        case .issuer, .token, .required, .mapping, .spent:
            self.init(.invalidRequest, "The subject_token was refused\(entry): \(error.reason).")
        }
    }

    /// A token could not be signed: the limits of its claims, or a fault of ours.
    init(_ error: TokenError) {
        switch error.code {
        case .lifetime: self.init(.invalidToken, "The run is ending, and its request token with it.")
        case .tooLong: self.init(.invalidRequest, "No token could be made: \(error).")
        case .keyAway:
            self.init(
                .unavailable,
                "The token that holds the signing key cannot be reached, or does not sign: try again."
            )
            detail = error.description
            retryAfter = 5
        case .keyRing, .signing, .mismatch:
            self.init(.unavailable, "No token could be signed here.")
            detail = error.description
        default:
            self.init(.serverError, "No token could be made.")
            detail = error.description
        }
    }

    /// A trade that failed, where no fallback stands in; `fallback` says why none does.
    init(_ failure: ExchangeFailure, at target: String, fallback: String?) {
        let told =
            "target '\(target)' \(failure)" + (fallback.map { "; \($0)" } ?? "") + ". To mend it: \(failure.advice)"
        switch failure.kind {
        case .refused: self.init(.targetRefused, "Refused by \(told).")
        case .misconfigured: self.init(.targetRefused, "Misconfigured: \(told).")
        case .brokenAnswer: self.init(.targetRefused, "No usable answer from \(told).")
        case .outage where failure.isTimeout: self.init(.targetTimeout, "No answer in time from \(told).")
        case .outage, .cancelled: self.init(.unavailable, "Could not reach \(told).")
        }
        cause = Cause(kind: failure.kind.rawValue, code: failure.code, text: failure.message)
        if code == .unavailable { retryAfter = 5 }
    }
}
