// YAMLTests: not yet written.
