package import Crypto
package import Time

/// One execution of one CI job, registered: the unit that gets tokens.
///
/// It is immutable and shared; whether it is still active depends on the clock and on `RunStatus`.
package final class Run: Sendable {
    /// Names the run in URLs, logs and the ledger; it is no secret.
    package let id: String
    package let attestation: Attestation
    package let registered: UnixTime
    /// From this moment on the request token is dead.
    package let expires: UnixTime
    /// The SHA-256 of the request token.
    package let tokenDigest: SHA256Digest

    init(id: String, attestation: Attestation, registered: UnixTime, tokenDigest: SHA256Digest) {
        self.id = id
        self.attestation = attestation
        self.registered = registered
        self.tokenDigest = tokenDigest
        expires = registered + attestation.lifetime
    }

    /// How the run stands at a moment, where it was ended at `ended` or not at all.
    func state(at now: UnixTime, ended: UnixTime?) -> RunState {
        if let ended { return .ended(ended) }
        return now < expires ? .active : .expired(expires)
    }
}

/// How far a run's life has come.
package enum RunState: Equatable, Sendable {
    case active
    /// Its orchestrator said that the job is over.
    case ended(UnixTime)
    /// Its time was up before anybody ended it.
    case expired(UnixTime)

    /// The word for it in answers.
    package var name: String {
        switch self {
        case .active: "active"
        case .ended: "ended"
        case .expired: "expired"
        }
    }
}

/// A run and how it stands.
package struct RunStatus: Sendable {
    package let run: Run
    package let state: RunState
}

/// A run just registered, with the only copy of its request token.
package struct Registration: ~Copyable, Sendable {
    package let run: Run
    package let token: RequestToken

    /// Takes the token out.
    package consuming func takeToken() -> RequestToken { token }
}
