// SQLiteTests: not yet written.
