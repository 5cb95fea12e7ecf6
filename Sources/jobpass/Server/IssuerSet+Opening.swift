internal import Configuration
internal import Tokens

extension IssuerSet {
    /// The issuers that a configuration names, with the keys that are where it says.
    ///
    /// - Throws: `CommandError` with exit code 78.
    init(opening settings: Settings, _ place: KeyPlace) throws(CommandError) {
        let url: Tokens.IssuerURL
        do throws(TokenError) { url = try Tokens.IssuerURL(settings.issuer.url) } catch {
            throw CommandError(.configuration, "\(error)")
        }
        func pair(
            _ name: String?,
            _ url: Tokens.IssuerURL,
            isShut: Bool,
            cacheTime: Duration
        ) throws(CommandError) -> Pair {
            let rings = IssuerRing.rings(of: name)
            func issuer(_ ring: IssuerRing, _ url: Tokens.IssuerURL) throws(CommandError) -> Issuer {
                Issuer(url: url, keys: try place.keys(of: ring, settings), isShut: isShut, cacheTime: cacheTime)
            }
            return Pair(trusted: try issuer(rings[0], url), untrusted: try issuer(rings[1], url.untrusted))
        }
        let own = try pair(nil, url, isShut: false, cacheTime: settings.keys.cacheTime)
        var others: [(name: String, path: String, pair: Pair)] = []
        for entry in settings.issuers {
            let pair = try pair(
                entry.name,
                url.at(path: entry.path),
                isShut: entry.isShut,
                cacheTime: entry.cacheTime
            )
            others.append((entry.name, entry.path, pair))
        }
        self.init(own: own, others: others)
    }
}
