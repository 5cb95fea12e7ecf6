// Conformance: not yet written.
