// HTTPTests: not yet written.
