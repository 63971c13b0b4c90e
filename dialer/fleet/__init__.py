"""Several dialers on one database: leases, shared trunks, and taking over."""
