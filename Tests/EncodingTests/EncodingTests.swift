// EncodingTests: not yet written.
