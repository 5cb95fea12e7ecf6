// Support: not yet written.
