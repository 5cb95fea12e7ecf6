// SQLite: not yet written.
