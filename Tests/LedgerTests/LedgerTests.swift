// LedgerTests: not yet written.
