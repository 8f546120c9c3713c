"""What a late joining announces: rooms above let the newcomer order."""
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from marketplace.platform.events import Announcement


@dataclass(frozen=True)
class JoinedLate(Announcement):
    """An establishment joined a closed lot, up to `price_ceiling` per unit and period; a listener may refuse."""

    lot_id: UUID
    establishment_id: UUID
    grappe_id: UUID | None
    quantity: int
    price_ceiling: Decimal
