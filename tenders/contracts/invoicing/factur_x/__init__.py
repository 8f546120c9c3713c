"""Factur-X, profile EN 16931: an invoice written as XML and as a page, and a supplier's one read with suspicion."""
