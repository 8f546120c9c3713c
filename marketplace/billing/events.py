"""What billing says to the rooms that asked for money, and what it asks them."""
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from marketplace.platform.events import Announcement


@dataclass(frozen=True)
class FeeInvoicePaid(Announcement):
    """A fee invoice is paid, through Stripe or by transfer: the charges it gathered are settled. Said once per invoice."""

    fee_invoice_id: UUID
    charge_ids: tuple[UUID, ...]
    paid_at: datetime


@dataclass(frozen=True)
class TransferAccountsOf(Announcement):
    """Question: to which accounts are these organisations paid by transfer? Answers are (organisation id, IBAN)."""

    organisation_ids: frozenset[UUID]
