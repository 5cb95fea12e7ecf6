// HTTPServer: not yet written.
