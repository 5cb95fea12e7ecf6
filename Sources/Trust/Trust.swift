// Trust: not yet written.
