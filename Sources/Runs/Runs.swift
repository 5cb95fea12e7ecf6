// Runs: not yet written.
