"""How long there is to pay an invoice."""

PAYMENT_DAYS = 30
LONGEST_PAYMENT_DAYS = 60
"""Days from the invoice: 30 unless agreed otherwise, 60 at most (C. com., art. L441-10, I)."""
