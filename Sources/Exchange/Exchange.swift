// Exchange: not yet written.
