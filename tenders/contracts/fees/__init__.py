"""Fees of contracts that are not a percentage of orders: charged once at the entry, or once a year while they run."""
