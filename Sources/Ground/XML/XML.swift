// XML: not yet written.
