// Stores: not yet written.
