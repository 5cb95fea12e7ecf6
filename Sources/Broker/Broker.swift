// Broker: not yet written.
