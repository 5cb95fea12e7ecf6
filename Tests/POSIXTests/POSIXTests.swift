// POSIXTests: not yet written.
