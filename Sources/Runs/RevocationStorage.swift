package import Time

/// Where revocations outlive the process, and where brokers that share a store see each other's.
///
/// Calls block. A write is durable, and seen by every reader of the store, when the call returns; a failed one has changed
/// nothing. Every write raises the epoch **in the order of the commits**: whoever reads an epoch sees all that was committed up
/// to it, so a counter that is raised inside the transaction is one, and a sequence that is drawn before it is none. An
/// attacker who can write the store can take a revocation back, so it is trusted as much as the broker.
package protocol RevocationStorage: Sendable {
    /// Adds a revocation.
    ///
    /// - Throws: `RunError` with code `storage`, also where one of the same id is there.
    func add(_ revocation: Revocation) throws(RunError)

    /// Takes a revocation back, unless it already was; an id that is not there changes nothing.
    ///
    /// - Throws: `RunError` with code `storage`.
    func lift(_ id: String, at moment: UnixTime) throws(RunError)

    /// Every revocation that counts at a moment, in the order in which they were made, and the epoch, both of one committed
    /// state.
    ///
    /// - Throws: `RunError` with code `storage`, or `damaged` where one cannot be read back: then none may be left out.
    func revocations(at moment: UnixTime) throws(RunError) -> (epoch: Int64, inForce: [Revocation])

    /// How often revocations were changed; 0 where they never were. Asked after every commit of the ledger, so it must be
    /// cheap.
    ///
    /// - Throws: `RunError` with code `storage`.
    func revocationEpoch() throws(RunError) -> Int64
}
