// Auditing: not yet written.
