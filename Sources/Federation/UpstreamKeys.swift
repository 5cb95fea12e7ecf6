internal import HTTP
internal import Locks
package import Time
package import Tokens

/// The keys of other issuers, each fetched when first needed and kept beyond a change of configuration.
///
/// It holds one set for each issuer and file of authorities that was ever configured, which are few.
package final class UpstreamKeys: Sendable {
    private struct Source: Hashable {
        let issuer: IssuerURL
        let authorities: String?
    }

    private let clock: WallClock
    private let report: @Sendable (IssuerURL, KeyReport) -> Void
    private let sets = Lock<[Source: PublishedKeys]>([:])

    /// Makes an empty shelf; an issuer that is out of reach, and one that is back, are reported once each.
    package init(clock: @escaping WallClock, report: @escaping @Sendable (IssuerURL, KeyReport) -> Void) {
        self.clock = clock
        self.report = report
    }

    /// The keys of an issuer; the first caller's network fetches them, now and later.
    func keys(of rules: UpstreamRules, over transport: any Transport) -> PublishedKeys {
        let source = Source(issuer: rules.issuer, authorities: rules.authorities)
        return sets.withLock { sets in
            if let keys = sets[source] { return keys }
            let report = report
            let keys = PublishedKeys(
                of: rules.issuer,
                transport: transport,
                certificateAuthorities: rules.authorities,
                clock: clock,
                report: { report(rules.issuer, $0) }
            )
            sets[source] = keys
            return keys
        }
    }
}
