internal import Crypto
package import Exchange
internal import HTTP
package import Ledger
internal import Policy
internal import Tokens

/// An exchange over a scripted network, and a ledger that tokens and credentials pass.
package struct TradeHarness {
    package let time = TestTime()
    package let book: LedgerHarness
    package let ledger: Ledger
    package let network: FakeTransport
    package let exchange: Exchange
    private let pacing: Pacing
    private let breakers = Breakers()

    /// Makes one whose network follows a script and whose jitter draws a part from 0 to 1 of each bound.
    package init(_ script: [FakeTransport.Reply], drawing part: Double = 1) throws {
        book = try LedgerHarness(storage: MemoryLedgerStorage())
        try book.create()
        ledger = try book.open()
        network = FakeTransport(script, time: time)
        pacing = time.pacing(drawing: part)
        exchange = Exchange(transport: network, clock: book.clock.wall, pacing: pacing, breakers: breakers)
    }

    /// One key for all tests: making an RSA key takes longer than all the rest.
    private static let keys = Result { try IssuerKeys.generate(for: [.rs256]) }

    /// The run that trades.
    package static let job = JobIdentity(project: "acme/web", workflow: "deploy", job: "release", run: "run_4711")

    /// Trades a token that was signed and recorded as the broker does it.
    package func trade(at target: Target, job: JobIdentity = TradeHarness.job) async throws -> Credential {
        try await exchange.trade(try await released(), at: target, for: job)
    }

    /// What a trade fails with; nil where it does not.
    package func failure(at target: Target) async throws -> ExchangeFailure? {
        let token = try await released()
        do throws(ExchangeFailure) {
            _ = try await exchange.trade(token, at: target, for: Self.job)
            return nil
        } catch {
            return error
        }
    }

    /// How a target's breaker stands now.
    package func position(of target: String) -> Breaker.Position {
        breakers.breaker(of: target).position(at: time.elapsed)
    }

    /// A credential as a job gets it.
    package func obtain(at target: Target) async throws -> ReleasedCredential {
        let credential = try await trade(at: target)
        let entry = Entry(.exchangeSucceeded, .succeeded, trace: "trace")
        return try await ledger.record(credential.sealed(recordedAs: entry)).open()
    }

    /// The token that was sent, as the network saw it in a request of a form or of JSON.
    package func sentToken(_ index: Int = 0) -> String {
        let body = String(decoding: network.requests[index].body, as: UTF8.self)
        let parts = body.split { "&=\"".contains($0) }
        return parts.first { $0.hasPrefix("eyJ") }.map(String.init) ?? ""
    }

    /// The entry that was recorded last.
    package func lastEntry() throws -> Entry { try Leaf(bytes: lastEntryBytes()).entry }

    /// Its canonical bytes.
    package func lastEntryBytes() throws -> [UInt8] {
        let count = try book.check()
        return try book.storage.entries(in: count - 1..<count).first?.bytes ?? []
    }

    private func released() async throws -> Released<TokenText> {
        let issuer = try Issuer(url: IssuerURL("https://ci.example.com"), keys: Self.keys.get())
        let signer = TokenSigner(trusted: issuer, untrusted: issuer, clock: book.clock.wall)
        let signed = try signer.sign(.sample())
        return try await ledger.record(signed.seal(recordedAs: Entry(.tokenIssued, .succeeded, trace: "trace")))
    }
}
