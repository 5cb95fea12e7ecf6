// JSONTests: not yet written.
