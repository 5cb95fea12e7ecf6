// Logs: not yet written.
