// Policy: not yet written.
