package import Crypto
package import Time

/// Where registered runs outlive the process.
///
/// Calls block; the registry makes them on the executor that it was given, one after another. A write is durable when the
/// call returns, and a failed one has changed nothing. An attacker who can write the store can extend a run's life or
/// change its claims, so it is trusted as much as the broker; one who can only read it learns claims and digests, and no
/// request token.
package protocol RunStorage: Sendable {
    /// Adds a run.
    ///
    /// - Throws: `RunError` with code `storage`, also where a run with the same ID or token digest is there.
    func insert(_ record: RunRecord) throws(RunError)

    /// Marks a run as ended, unless it already is.
    ///
    /// - Throws: `RunError` with code `storage`.
    func end(_ id: String, at moment: UnixTime) throws(RunError)

    /// The run of an ID, whatever its state.
    ///
    /// - Throws: `RunError` with code `storage`.
    func find(_ id: String) throws(RunError) -> RunRecord?

    /// The runs that expire after a moment and have not ended.
    ///
    /// - Throws: `RunError` with code `storage`.
    func active(at moment: UnixTime) throws(RunError) -> [RunRecord]

    /// Forgets the runs that expired before a moment; the ledger keeps what they did.
    ///
    /// - Throws: `RunError` with code `storage`.
    func remove(expiredBefore moment: UnixTime) throws(RunError)
}

/// A store of runs that other brokers change too: what it says counts, and not what one of them remembers.
package protocol SharedRunStorage: RunStorage {
    /// The runs whose request tokens have these digests, whatever their state, in any order; those that there are.
    ///
    /// What a call of any broker has changed before this one begins is in the answer.
    ///
    /// - Throws: `RunError` with code `storage`.
    func find(tokens digests: [SHA256Digest]) throws(RunError) -> [RunRecord]
}

/// A run as a store keeps it: one row, of which the store understands the ID, the times and nothing else.
package struct RunRecord: Equatable, Sendable {
    package let id: String
    package let principal: String
    /// The attested claims as a JSON object, with their origin where another issuer spoke of them.
    package let claims: [UInt8]
    package let tokenDigest: SHA256Digest
    package let registered: UnixTime
    package let expires: UnixTime
    package let ended: UnixTime?

    /// Makes a record of a row's columns.
    package init(
        id: String,
        principal: String,
        claims: [UInt8],
        tokenDigest: SHA256Digest,
        registered: UnixTime,
        expires: UnixTime,
        ended: UnixTime?
    ) {
        self.id = id
        self.principal = principal
        self.claims = claims
        self.tokenDigest = tokenDigest
        self.registered = registered
        self.expires = expires
        self.ended = ended
    }

    init(_ run: Run) {
        self.init(
            id: run.id,
            principal: run.attestation.principal,
            claims: run.attestation.stored,
            tokenDigest: run.tokenDigest,
            registered: run.registered,
            expires: run.expires,
            ended: nil
        )
    }

    /// The run that was stored.
    func run() throws(RunError) -> Run {
        do {
            let attestation = try Attestation(
                principal: principal,
                stored: claims,
                lifetime: expires - registered
            )
            return Run(id: id, attestation: attestation, registered: registered, tokenDigest: tokenDigest)
        } catch {
            throw RunError(error.code, "run \(id): \(error.reason)")
        }
    }
}
