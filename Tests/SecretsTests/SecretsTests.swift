// SecretsTests: not yet written.
