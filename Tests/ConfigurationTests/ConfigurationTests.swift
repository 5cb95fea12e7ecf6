// ConfigurationTests: not yet written.
