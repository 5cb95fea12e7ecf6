// Delivery: not yet written.
