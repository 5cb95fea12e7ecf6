// HTTPClient: not yet written.
