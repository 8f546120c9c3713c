"""Who issues the invoice of a call-off, and how long there is to pay it."""
from uuid import UUID

RESALE = "resale"
"""The one technique where the purchasing centre buys and sells again: it invoices members in its own name."""
PAYMENT_DAYS = 30
LONGEST_PAYMENT_DAYS = 60
"""Days from the invoice: 30 unless agreed otherwise, 60 at most (C. com., art. L441-10, I)."""


def issuer_of(technique: str, holder_id: UUID, centre_id: UUID) -> UUID:
    """The seller: the holder under every technique but resale, where members buy from the centre."""
    return centre_id if technique == RESALE else holder_id
