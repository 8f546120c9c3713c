"""Who sells to the members under each technique, and so who invoices them."""
from uuid import UUID

RESALE = "resale"
"""The one technique where the purchasing centre buys and sells again: members buy from it."""


def seller_under(technique: str, holder_id: UUID, centre_id: UUID) -> UUID:
    """The seller: the holder under every technique but resale."""
    return centre_id if technique == RESALE else holder_id
