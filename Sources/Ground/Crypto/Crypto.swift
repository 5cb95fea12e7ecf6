// Crypto: not yet written.
