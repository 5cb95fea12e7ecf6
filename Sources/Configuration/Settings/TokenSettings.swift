package import Claims
package import Crypto
package import Federation
package import PKCS11
package import Policy
package import Runs
package import Text

/// `keys`: the keys that sign tokens and checkpoints.
package struct KeySettings: Equatable, Sendable {
    /// `keys.directory`: where the ledger's key is, and by default the issuers' and the master key; `jobpass init` makes it;
    /// required.
    package let directory: String
    /// `keys.place`: where the issuers' private keys live; by default `files`.
    package let place: KeyPlaceSetting
    /// `keys.pkcs11`: the token of keys that are in one; required with `place: pkcs11`.
    package let token: KeyTokenSettings?
    /// `keys.algorithms`: what tokens may be signed with; the first is the default; by default `[RS256, ES256]`.
    package let algorithms: [SignatureAlgorithm]
    /// `keys.rotate_after`: the age at which a key is replaced by itself; optional.
    package let rotateAfter: Duration?
    /// `keys.cache_time`: how long relying parties may keep a copy of the keys, and a new key waits at least; by default 5m.
    package let cacheTime: Duration
    /// `keys.mirrors`: where `keys publish` puts copies that relying parties fetch, each a URL before `/.well-known/jwks.json`;
    /// no key signs before each of them serves it; by default none.
    package let mirrors: [String]
    /// `keys.ca`: a PEM file of authorities to trust for the issuer's own URL and its mirrors instead of the system's; optional.
    package let authorities: String?

    /// The algorithm of tokens whose audience or target names none.
    package var defaultAlgorithm: SignatureAlgorithm { algorithms.first ?? .rs256 }
}

/// `keys.place`: where the issuers' private keys live.
package enum KeyPlaceSetting: String, CaseIterable, Sendable {
    /// In PEM files below `keys.directory`, mode 0600 each: for one broker.
    case files
    /// In the store, sealed under the master key: for all brokers that share both.
    case store
    /// In a PKCS#11 token, which they never leave; the store says which.
    case pkcs11
}

/// `keys.pkcs11`: a token, and how to log in to it.
package struct KeyTokenSettings: Equatable, Sendable {
    /// `module`: the path of the manufacturer's library, and `token`: the token's name as a URI (RFC 7512), such as
    /// `pkcs11:token=jobpass`; both required.
    package let token: PKCS11Token.Settings
    /// `pin_file`: a file closed to others with the PIN of the token's user; required.
    package let pinFile: String
}

/// `token`: the shape of ID tokens where an audience or target does not say otherwise.
package struct TokenSettings: Equatable, Sendable {
    /// `token.lifetime`: how long a token lives where the job does not ask; by default 5m.
    package let lifetime: Duration
    /// `token.maximum_lifetime`: the longest life that a job may ask for; by default 1h, at most 24h.
    package let maximumLifetime: Duration
    /// `token.untrusted_lifetime`: the longest life of a token of a stranger's run; by default 2m.
    package let untrustedLifetime: Duration
    /// `token.subject`: the claims that make up `sub`, in order; by default `[project, ref, workflow, job]`.
    ///
    /// `{claims: [project_id, ref], digest: true}` lets a subject that is too long for a target become its digest.
    package let subject: SubjectFormat
    /// `token.subjects`: the subject of some projects' runs, each `{projects: [PATTERN], subject: …}`, the first that fits; optional.
    package let projectSubjects: [ProjectSubject]
}

/// `issuers.NAME`: a further issuer, which speaks for some projects by keys and a path of its own.
package struct IssuerEntry: Sendable {
    /// Its name, which is no other's.
    package let name: String
    /// `path`: the one segment behind the broker's own issuer at which it is; by default its name.
    package let path: String
    /// `projects`: patterns of the projects that it speaks for; of several issuers the first that fits does; required.
    package let projects: [Pattern]
    /// `subject`: of its tokens, where audience or target has none of its own; by default as `token` says.
    package let subject: SubjectFormat?
    /// `rotate_after`, `cache_time`, `mirrors`: as in `keys`, and by default what stands there.
    package let rotateAfter: Duration?
    package let cacheTime: Duration
    package let mirrors: [String]
    /// `shut`: whether it speaks no more: its runs get no tokens, and it publishes that it has no keys; by default false.
    package let isShut: Bool
}

/// `principals`: one who may speak to the broker without being a job.
package struct PrincipalSettings: Sendable {
    /// What a principal may do.
    package enum Role: Sendable {
        /// Registers runs, within `projects` (patterns; required) and `claims` (further claims; by default none).
        case orchestrator(Attestor)
        /// Changes secrets and keys, and ends runs.
        case administrator
        /// Reads the ledger.
        case auditor
    }

    /// How a principal shows who it is: exactly one of these keys.
    package enum Proof: Hashable, Sendable {
        /// `token_sha256`: the SHA-256 of its bearer token, 64 lower-case hex digits; the token itself is never written here.
        case token(SHA256Digest)
        /// `certificate: {san: NAME}`: a subject alternative name of its client certificate; needs `tls.client_ca`.
        case certificate(name: String)
        /// `certificate: {spki_sha256: PIN}`: the SHA-256 of its client certificate's public key, in hex or base64; needs
        /// `tls.client_ca`, and stays when the certificate is renewed with the same key.
        case publicKey(SHA256Digest)
        /// `oidc: {issuer: URL, claims: {NAME: PATTERN}}`: a token of another issuer that says what `claims` want, for the audience
        /// `audience` (by default our issuer); `algorithms`, `leeway`, `maximum_age` and `ca` as in `federation`.
        case oidc(UpstreamRules)
    }

    /// `name`: what the ledger calls it; 1 to 64 letters, digits, `.`, `_` and `-`, each name once; required.
    package let name: String
    /// `role`: `orchestrator`, `administrator` or `auditor`; required.
    package let role: Role
    /// `contexts`: patterns of the contexts that an administrator may change, and then nothing else; by default all contexts,
    /// and whatever else administrators do.
    package let contexts: [Pattern]?
    /// `projects`: patterns of the projects that an administrator may revoke, or whose entries an auditor may read, and then
    /// nothing else; by default all.
    package let projects: [Pattern]?
    package let proof: Proof

    /// Whether this principal may administer a context.
    package func administers(_ context: String) -> Bool {
        guard case .administrator = role else { return false }
        return contexts.map { $0.contains { $0.matches(context) } } ?? (projects == nil)
    }

    /// Whether what concerns a project is within this principal's bounds.
    package func mayJudge(project: String) -> Bool {
        guard let projects else { return contexts == nil }
        return projects.contains { $0.matches(project) }
    }
}
