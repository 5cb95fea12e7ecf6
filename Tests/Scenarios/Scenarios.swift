// Scenarios: not yet written.
