// LogsTests: not yet written.
