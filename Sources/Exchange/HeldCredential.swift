package import Time

/// What may be known of a credential that a run holds, and what ends it.
package struct HeldCredential: Sendable {
    package let target: Target
    /// What the cloud's own logs call it.
    package let name: String?
    package let expires: UnixTime?
    /// Nil where nothing ends it before its time.
    package let revocation: CredentialRevocation?

    /// What is held of a credential.
    package init(_ credential: borrowing Credential, of target: Target) {
        self.target = target
        name = credential.name
        expires = credential.expires
        revocation = credential.revocation
    }

    /// What is held of a credential that the job traded for itself, and alone can end.
    package init(_ credential: TradedCredential, of target: Target) {
        self.target = target
        name = credential.name
        expires = credential.expires
        revocation = nil
    }
}
