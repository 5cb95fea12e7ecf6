// PolicyTests: not yet written.
