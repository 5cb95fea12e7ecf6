/// Every issuer of a broker: its own, and further ones, each a pair that shares no key.
package struct IssuerSet: Sendable {
    /// The issuer of trusted runs' tokens, and the one of strangers' runs.
    package struct Pair: Sendable {
        package let trusted: Issuer
        package let untrusted: Issuer

        /// Makes a pair.
        package init(trusted: Issuer, untrusted: Issuer) {
            self.trusted = trusted
            self.untrusted = untrusted
        }

        /// The one that speaks of runs of a kind.
        package func issuer(untrusted isUntrusted: Bool) -> Issuer { isUntrusted ? untrusted : trusted }
    }

    /// The broker's own issuer.
    package let own: Pair
    /// The further ones, by their names.
    package let others: [String: Pair]
    private let paths: [String: Pair]

    /// Makes a set; `others` come with the path of each.
    package init(own: Pair, others: [(name: String, path: String, pair: Pair)] = []) {
        self.own = own
        self.others = Dictionary(uniqueKeysWithValues: others.map { ($0.name, $0.pair) })
        paths = Dictionary(uniqueKeysWithValues: others.map { ($0.path, $0.pair) })
    }

    /// The issuer of a name, nil for the broker's own; nil where there is none of that name.
    package func pair(named name: String?) -> Pair? {
        guard let name else { return own }
        return others[name]
    }

    /// The further issuer at a path.
    package func pair(atPath path: String) -> Pair? { paths[path] }

    /// All of them, the broker's own first.
    package var all: [Issuer] {
        [own.trusted, own.untrusted]
            + others.sorted { $0.key < $1.key }.flatMap { [$0.value.trusted, $0.value.untrusted] }
    }
}
