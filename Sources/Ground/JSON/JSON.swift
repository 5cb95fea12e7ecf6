// JSON: not yet written.
