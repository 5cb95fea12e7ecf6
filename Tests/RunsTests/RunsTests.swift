// RunsTests: not yet written.
