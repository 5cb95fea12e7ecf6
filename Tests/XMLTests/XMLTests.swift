// XMLTests: not yet written.
