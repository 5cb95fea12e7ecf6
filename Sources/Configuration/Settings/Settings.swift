package import Crypto
package import Exchange
package import Federation
package import HTTP
package import Logs
package import Policy
package import Runs
package import Secrets

/// Everything that a configuration says, checked; the comments are its manual, in the order of the file.
///
/// Paths that are not absolute are taken from the directory of the configuration file; `credential:NAME` is a file that systemd
/// hands over by `LoadCredential=NAME:…`, in `$CREDENTIALS_DIRECTORY`, else in `/run/credentials/jobpass.service`.
package struct Settings: Sendable {
    /// The SHA-256 of the file, by which the ledger tells which configuration was in force.
    package let digest: SHA256Digest
    /// `issuer`: the exact `iss` of every token, and where relying parties find the keys; required.
    ///
    /// https, or http on loopback; no user, query, fragment or slash at the end. A run whose trust is `untrusted` gets
    /// tokens of this URL with `/untrusted` behind it.
    package let issuer: IssuerSetting
    /// `listen`: the address and port of the HTTP server; by default `127.0.0.1:8080`.
    package let listen: ListenAddress
    /// `tls`: certificate and key of the HTTP server; optional: left out behind a proxy that ends TLS.
    package let tls: TLSSettings?
    /// `proxies`: who is believed about the address of a client; optional: without it, nobody.
    ///
    /// `proxies.addresses` lists them, `proxies.header` says how they tell: `proxy-protocol`, `forwarded` or `x-forwarded-for`.
    package let proxies: TrustedProxies?
    /// `store`: where runs, the ledger and sealed secrets are kept; required.
    package let store: StoreLocation
    /// `keys`: the keys that sign tokens and checkpoints; required.
    package let keys: KeySettings
    /// `issuers`: further issuers, in the order in which a run's project is held against them; optional.
    package let issuers: [IssuerEntry]
    /// `token`: the shape of ID tokens where an audience or target does not say otherwise; optional.
    package let token: TokenSettings
    /// `runs`, and of `limits` what concerns runs: how long they live, how many there are, how large their claims.
    package let runs: RunLimits
    /// `principals`: who may register runs, administer and audit; needed by every broker that is to do anything.
    package let principals: [PrincipalSettings]
    /// `federation`: other issuers whose tokens become runs at `/oauth/token`; optional.
    package let federation: [UpstreamIssuer]
    /// `audiences`, and every `allow`: who may have what, compiled.
    package let policy: Policy
    /// `targets`: the cloud endpoints, in the order of the file.
    package let targets: [Target]
    /// `targets.NAME.fallback`, by the target's name.
    package let fallbacks: [String: Fallback]
    /// `contexts`: the groups of static secrets, in the order of the file.
    package let contexts: [ContextSettings]
    /// `secrets`: how static secrets are sealed; optional.
    package let secrets: SecretSettings
    /// `ledger`: the public name of the ledger; optional.
    package let ledger: LedgerSettings
    /// `limits`: what clients may take of the broker; optional.
    package let limits: LimitSettings
    /// `errors`: how much a refused client is told; by default `full`.
    package let errors: ErrorDetail
    /// `log`: the lines on standard error; optional.
    package let log: LogSettings

    /// What may not be as the operator believes, in the order of the file; none of it stops a start.
    package let warnings: [ConfigurationProblem]
    /// The files that the configuration names, for `Configuration.check`.
    let files: [FileSetting]
    /// Where each fallback's last day is written, for `Configuration.check`.
    let fallbackPlaces: [String: ConfigurationPlace]
}

/// How much a refused client is told; the server's log and ledger hold the reason in any case.
package enum ErrorDetail: String, CaseIterable, Sendable {
    /// The code, the trace id and the reason.
    case full
    /// The code and the trace id.
    case terse
}

/// `log`: the lines on standard error.
package struct LogSettings: Equatable, Sendable {
    /// `log.format`: `text` for people or `json` for programs; by default `text`.
    package let format: Log.Format
    /// `log.level`: `debug`, `info`, `warning` or `error`; what is below it is not written; by default `info`.
    package let level: Log.Level
}

/// `ledger`: the public name of the ledger.
package struct LedgerSettings: Equatable, Sendable {
    /// `ledger.origin`: the first line of every checkpoint and the name of its key; by default the issuer without its scheme.
    ///
    /// Whoever watches the ledger knows it by this name, so it stays as it is for the ledger's whole life.
    package let origin: String
    /// `ledger.witnesses`: who cosigns checkpoints, each `KEY URL` with the witness's verifier key and its address; by default none.
    package let witnesses: [String]
}

/// `secrets`: how static secrets are sealed.
package struct SecretSettings: Equatable, Sendable {
    /// `secrets.master_key`: the file of the key that seals them, mode 0600, made by `jobpass init`.
    ///
    /// By default `master.key` in `keys.directory`. Without it no stored secret can be read again: keep a copy elsewhere.
    package let masterKey: String
}
