// CryptoTests: not yet written.
