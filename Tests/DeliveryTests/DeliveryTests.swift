// DeliveryTests: not yet written.
