internal import Broker
internal import Configuration
internal import Time
internal import Tokens

extension Standing {
    /// Puts a configuration in force, with the keys that it names.
    ///
    /// - Throws: `CommandError` with exit code 78.
    convenience init(opening settings: Settings) throws(CommandError) {
        let files = KeyFiles(settings)
        let trusted = try files.keys(of: .trusted)
        let untrusted = try files.keys(of: .untrusted)
        let url: Tokens.IssuerURL
        do throws(TokenError) {
            url = try Tokens.IssuerURL(settings.issuer.url)
        } catch {
            throw CommandError(.configuration, "\(error)")
        }
        self.init(
            settings,
            trusted: Issuer(url: url, keys: trusted),
            untrusted: Issuer(url: url.untrusted, keys: untrusted),
            clock: SystemClock.now
        )
    }
}
