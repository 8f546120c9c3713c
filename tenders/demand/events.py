"""What demand asks upwards: who relies on a closing that its centre would take back (architecture §5b)."""
from dataclasses import dataclass
from uuid import UUID

from marketplace.platform.events import Announcement


@dataclass(frozen=True)
class RelyingOnClosing(Announcement):
    """Question: who relies on the decision of this round, so that it cannot be taken back any more?

    A listener answers with a list of `Sentence`, one for each thing that stands on the closing (a published tender, a
    signed contract, an order), in words the centre reads: « un contrat est signé sur ce lot ». An empty list: nobody. It
    is asked under the lot's lock, inside the transaction that takes the closing back: a listener reads, and locks nothing
    to the left of `lot_totals` (tenders/demand/writing.py). Whoever comes to rely on a closing holds the lot's row.
    """

    lot_id: UUID
    round: int
