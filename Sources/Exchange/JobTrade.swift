internal import HTTP
package import Time

/// An ID token that a broker recorded and sent to the job, which trades it itself.
package struct ReceivedToken: ~Copyable, Sendable {
    private let text: String
    /// The `jti`, by which the broker's ledger knows it.
    package let identifier: String
    package let expires: UnixTime

    /// Takes a token out of a broker's answer.
    package init(text: String, identifier: String, expires: UnixTime) {
        self.text = text
        self.identifier = identifier
        self.expires = expires
    }

    fileprivate consuming func take() -> String { text }
}

/// A credential that the job itself has traded for, and that its broker does not know of yet.
///
/// It can be read once the broker has recorded what became of the token, so that what a job uses is in the ledger here too.
package struct UnreportedCredential: ~Copyable, Sendable {
    private let credential: Credential

    fileprivate init(_ credential: consuming Credential) { self.credential = credential }

    /// What to tell the broker.
    package var report: TradeReport {
        .traded(TradedCredential(name: credential.name, session: credential.session, expires: credential.expires))
    }

    /// The credential, which the broker has recorded at an index of its ledger.
    package consuming func released(recordedAt index: UInt64) -> ReleasedCredential {
        let credential = credential
        return credential.released(index)
    }
}

/// What a job tells its broker of a trade that it made itself.
package enum TradeReport: Equatable, Sendable {
    case traded(TradedCredential)
    case failed(ExchangeFailure)
}

/// What may be known of a credential by anybody.
package struct TradedCredential: Equatable, Sendable {
    /// What the cloud's own logs call it.
    package let name: String?
    /// What they call its session.
    package let session: String?
    /// When it ends by itself; nil where the cloud set no end.
    package let expires: UnixTime?

    /// Makes the facts of a credential; the names are held to one short line.
    package init(name: String?, session: String?, expires: UnixTime?) {
        self.name = name.map { CloudText.line($0) }
        self.session = session.map { CloudText.line($0) }
        self.expires = expires
    }
}

extension Exchange {
    /// Trades a token that the job received, as a broker would.
    ///
    /// - Throws: `ExchangeFailure` of the last try.
    package func trade(
        _ token: consuming ReceivedToken,
        at target: Target,
        for job: JobIdentity
    ) async throws(ExchangeFailure) -> UnreportedCredential {
        guard let credential = try await credential(for: token.take(), at: target, job) else {
            throw ExchangeFailure(.misconfigured, code: "no-trade", message: "the target's type has no trade to make")
        }
        return UnreportedCredential(credential)
    }
}
