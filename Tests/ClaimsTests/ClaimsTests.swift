// ClaimsTests: not yet written.
