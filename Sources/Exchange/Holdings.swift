package import Claims
internal import Locks
package import Time

/// What runs hold: each credential that a run got and that still counts, so that the same trade is made once and shared, and
/// so that the end of a run can end what it got.
///
/// It is in memory alone, like the credentials in it, and ends with the process: what is held then lives to its own end. A
/// run's share goes when the run ends.
package final class Holdings: Sendable {
    /// What makes two trades of one run the same: the target as it is configured, and the token that would be traded.
    package struct Trade: Equatable, Sendable {
        package let target: Target
        package let token: TokenShape

        /// Makes the trade of a target for a token of some shape.
        package init(_ target: Target, _ token: TokenShape) {
            self.target = target
            self.token = token
        }
    }

    /// What a token would say of its run, but for the time: two of one shape buy the same.
    package struct TokenShape: Equatable, Sendable {
        let subject: String
        let audience: String
        let added: [UInt8]
        let jobClaims: JobClaims

        /// Makes a shape of what was granted.
        package init(subject: String, audience: String, added: [UInt8], jobClaims: JobClaims = .none) {
            self.subject = subject
            self.audience = audience
            self.added = added
            self.jobClaims = jobClaims
        }
    }

    /// What a run finds when it wants a trade.
    package enum Found: ~Copyable, Sendable {
        /// A credential that it has already, and where the ledger has it for the first time.
        case held(Credential, firstIndex: UInt64)
        /// Nothing: whoever gets this makes the trade, and says what became of it.
        case nothing
        /// Another request of the run was making the trade, and this is how it ended for both.
        case failed(ExchangeFailure)
        /// Another request of the run was making the trade and has done, so that looking again finds it.
        case lookAgain
    }

    /// A credential with what is needed to hand it out again and to end it.
    private final class Item: Sendable {
        let trade: Trade
        let credential: Credential
        let got: UnixTime
        let index: UInt64

        init(_ trade: Trade, _ credential: consuming Credential, got: UnixTime, index: UInt64) {
            self.trade = trade
            self.credential = credential
            self.got = got
            self.index = index
        }

        /// Whether it is what a trade would bring, with more than a fifth of its life left.
        func mayBeShared(as other: Trade, at now: UnixTime) -> Bool {
            guard trade == other, credential.isShareable else { return false }
            guard let end = credential.expires else { return true }
            return end - now > (end - got) / 5
        }
    }

    private struct Flight {
        let trade: Trade
        var waiting: [Reply<ExchangeFailure?>] = []
    }

    private struct Share {
        var items: [Item] = []
        /// What the job traded for itself.
        var own: [HeldCredential] = []
        var flights: [Flight] = []

        var isEmpty: Bool { items.isEmpty && own.isEmpty && flights.isEmpty }

        /// Forgets what has ended by itself.
        mutating func forget(at now: UnixTime) {
            items.removeAll { item in item.credential.expires.map { $0 <= now } ?? false }
            own.removeAll { credential in credential.expires.map { $0 <= now } ?? false }
        }
    }

    /// How many credentials of one run are remembered: of more the oldest are forgotten, and live to their own end.
    package static let mostOfOneRun = 1_000

    private let shares = Lock<[String: Share]>([:])

    /// Makes holdings of no run.
    package init() {}

    /// Looks for what a trade of a run would bring, and waits while another request of the run makes it.
    package func find(_ trade: Trade, of run: String, at now: UnixTime) async -> Found {
        enum Step {
            case item(Item)
            case lead
            case wait
        }
        let step: Step = shares.withLock { shares in
            let share = shares[run] ?? Share()
            if let item = share.items.last(where: { $0.mayBeShared(as: trade, at: now) }) { return .item(item) }
            if share.flights.contains(where: { $0.trade == trade }) { return .wait }
            shares[run, default: Share()].flights.append(Flight(trade: trade))
            return .lead
        }
        switch step {
        case .item(let item): return .held(item.credential.copy(), firstIndex: item.index)
        case .lead: return .nothing
        case .wait:
            let failure = await Reply<ExchangeFailure?>.wait { reply in
                let mustWait = shares.withLock { shares in
                    guard let index = shares[run]?.flights.firstIndex(where: { $0.trade == trade }) else {
                        return false
                    }
                    shares[run]?.flights[index].waiting.append(reply)
                    return true
                }
                if !mustWait { reply.give(nil) }
            }
            // What was given up because its own client had gone says nothing to whoever still waits.
            guard let failure, failure.kind != .cancelled else { return .lookAgain }
            return .failed(failure)
        }
    }

    /// Lets those who waited for a trade go on: with its failure, or to look at what it brought.
    package func land(_ trade: Trade, of run: String, failure: ExchangeFailure?) {
        let waiting = shares.withLock { shares -> [Reply<ExchangeFailure?>] in
            guard let index = shares[run]?.flights.firstIndex(where: { $0.trade == trade }) else { return [] }
            let flight = shares[run]?.flights.remove(at: index)
            if shares[run]?.isEmpty == true { shares[run] = nil }
            return flight?.waiting ?? []
        }
        for reply in waiting { reply.give(failure) }
    }

    /// Keeps what a trade brought, which the ledger has at an index.
    ///
    /// An ID token that is handed over as it is was not traded for: whoever asks again gets a new one.
    package func keep(
        _ credential: consuming Credential,
        of trade: Trade,
        for run: String,
        got now: UnixTime,
        index: UInt64
    ) {
        guard credential.type != .none else { return }
        let item = Item(trade, credential, got: now, index: index)
        shares.withLock { shares in
            shares[run, default: Share()].forget(at: now)
            shares[run, default: Share()].items.append(item)
            if let count = shares[run]?.items.count, count > Self.mostOfOneRun { shares[run]?.items.removeFirst() }
        }
    }

    /// Takes note of what a job traded for itself.
    package func note(_ credential: HeldCredential, for run: String, at now: UnixTime) {
        shares.withLock { shares in
            shares[run, default: Share()].forget(at: now)
            shares[run, default: Share()].own.append(credential)
            if let count = shares[run]?.own.count, count > Self.mostOfOneRun { shares[run]?.own.removeFirst() }
        }
    }

    /// Takes all that a run holds and that still counts; nobody gets it here any more.
    package func take(of run: String, at now: UnixTime) -> [HeldCredential] {
        shares.withLock { shares in
            guard var share = shares[run] else { return [] }
            share.forget(at: now)
            let held = share.items.map { HeldCredential($0.credential, of: $0.trade.target) } + share.own
            share.items = []
            share.own = []
            // Trades under way end by themselves, and find that their run is over.
            shares[run] = share.isEmpty ? nil : share
            return held
        }
    }

    /// The runs that hold anything.
    package var runs: [String] { shares.withLock { Array($0.keys) } }
}
