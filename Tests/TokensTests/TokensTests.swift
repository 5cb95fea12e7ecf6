// TokensTests: not yet written.
