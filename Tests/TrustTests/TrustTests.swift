// TrustTests: not yet written.
