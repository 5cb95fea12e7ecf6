// Configuration: not yet written.
