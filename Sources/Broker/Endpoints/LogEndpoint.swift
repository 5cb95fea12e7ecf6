internal import HTTP
internal import Ledger

/// `GET /log/checkpoint` and `/log/key`: the ledger's signed tree head, and the key that verifies it; public.
extension Broker {
    /// The newest checkpoint, which covers every entry that anyone has been told of.
    func checkpoint() -> HTTPResponse { .text(200, ledger.checkpoint) }

    /// The verifier key, as C2SP's signed-note writes it.
    func logKey() -> HTTPResponse { .text(200, Array("\(ledger.verifier)\n".utf8)) }
}
