// ExchangeTests: not yet written.
