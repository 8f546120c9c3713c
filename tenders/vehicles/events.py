"""What vehicles announce: rooms above open their books for a lot, or close them."""
from dataclasses import dataclass
from uuid import UUID

from marketplace.platform.events import Announcement


@dataclass(frozen=True)
class LotOpened(Announcement):
    """The lot takes needs from now on. `maximum_quantity` in the lot's unit; None means no maximum."""

    lot_id: UUID
    maximum_quantity: int | None


@dataclass(frozen=True)
class LotCancelled(Announcement):
    """The centre cancelled the lot: needs on it count no longer and members are to be told why."""

    lot_id: UUID
    reason: str
