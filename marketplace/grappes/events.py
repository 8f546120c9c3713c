"""What grappes announce upwards: a member on its way out, a member gone, a grappe dissolved (architecture §5b)."""
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from marketplace.platform.events import Announcement


@dataclass(frozen=True)
class MembershipEnding(Announcement):
    """Notice was given; a listener may refuse with RuleBroken.

    `lock_in` tells whether the charter binds a member while one of its firm needs is open (domain §4b.11).
    """

    grappe_id: UUID
    establishment_id: UUID
    effective_on: date
    lock_in: bool = False


@dataclass(frozen=True)
class MembershipEnded(Announcement):
    """The establishment is out (notice over, or excluded): its needs counted in this grappe are to be released."""

    grappe_id: UUID
    establishment_id: UUID


@dataclass(frozen=True)
class GrappeDissolved(Announcement):
    """The grappe ends with all its memberships; MembershipEnded is not announced for each. A listener may refuse."""

    grappe_id: UUID


@dataclass(frozen=True)
class LeavingEffects(Announcement):
    """Question: which pools would this establishment's leaving bring below their minimum, or shrink?

    `leaves_on`: the Paris day it takes effect, None at once; a pool that is closed before is not touched.
    """

    grappe_id: UUID
    establishment_id: UUID
    leaves_on: date | None = None


@dataclass(frozen=True)
class PooledFor(Announcement):
    """Question: for which of these purchasing centres does the grappe pool needs? Answers are their ids.

    A centre sees names on its own vehicles only (ux.md, who sees what).
    """

    grappe_id: UUID
    centre_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class PoolEffect:
    """Answer to LeavingEffects for one lot: counted quantity before and after, in the lot's unit.

    `minimum` None when the lot has no contractual minimum; `establishments_told` how many would be informed.
    """

    lot_id: UUID
    lot_title: str
    unit: str
    before: int
    after: int
    minimum: int | None
    establishments_told: int

    @property
    def falls_below(self) -> bool:
        """Whether the pool reaches its minimum now and would not any more."""
        return self.minimum is not None and self.after < self.minimum <= self.before
