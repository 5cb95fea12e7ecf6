// AuditingTests: not yet written.
