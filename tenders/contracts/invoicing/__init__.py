"""Invoices: who issues them, what they must say, their numbers without a gap, and what a supplier's own one differs by."""
