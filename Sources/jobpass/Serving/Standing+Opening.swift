internal import Broker
internal import Configuration
internal import Time
internal import Tokens

extension Standing {
    /// Puts a configuration in force, with the keys that it names.
    ///
    /// - Throws: `CommandError` with exit code 78.
    convenience init(opening settings: Settings, _ place: KeyPlace) throws(CommandError) {
        self.init(settings, issuers: try IssuerSet(opening: settings, place), clock: SystemClock.now)
    }
}
