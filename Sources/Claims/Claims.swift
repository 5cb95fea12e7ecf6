// Claims: not yet written.
