// Secrets: not yet written.
