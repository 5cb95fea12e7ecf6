// YAML: not yet written.
