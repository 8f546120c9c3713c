"""Decisions of invoices: totals, mentions, numbers, who issues, and what differs from the order."""
