// BrokerTests: not yet written.
