// Rules: not yet written.
