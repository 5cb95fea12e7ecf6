// Ledger: not yet written.
