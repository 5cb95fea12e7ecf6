// Tokens: not yet written.
