"""Use cases of invoices: draw, credit, record a payment, keep originals, receive a supplier's own."""
