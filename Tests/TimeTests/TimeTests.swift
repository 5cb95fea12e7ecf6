// TimeTests: not yet written.
