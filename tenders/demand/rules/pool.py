"""What a need adds to its pool, what the pool still lacks, and who comes off the waiting list."""
from collections.abc import Iterable
from dataclasses import dataclass, fields
from uuid import UUID

from tenders.demand.rules.filling import packs_filled


@dataclass(frozen=True)
class Contribution:
    """What a need adds to the totals of its lot and of its grappe, in units; `members` and `shown` count needs.

    `shown`: the need is in a figure that readers outside the grappe see.
    """

    firm: int = 0
    conditional: int = 0
    awaiting_signature: int = 0
    waitlisted: int = 0
    indicative: int = 0
    tolerance: int = 0
    members: int = 0
    shown: int = 0

    def __sub__(self, other: "Contribution") -> "Contribution":
        return Contribution(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))

    def __add__(self, other: "Contribution") -> "Contribution":
        return Contribution(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __neg__(self) -> "Contribution":
        return Contribution() - self

    @property
    def counted(self) -> int:
        """Units that weigh on the minimum and the maximum."""
        return self.firm + self.conditional


NOTHING = Contribution()


def contribution(status: str, firmness: str, quantity: int, tolerance: int) -> Contribution:
    """What a need of this status adds (domain §4b.4): only `counted` needs count, with their tolerance."""
    if status == "counted":
        return Contribution(**{firmness: quantity}, tolerance=tolerance, members=1, shown=1)
    if status in ("awaiting_signature", "waitlisted"):
        return Contribution(**{status: quantity})
    if status == "not_counted":
        return Contribution(indicative=quantity, shown=1)
    return NOTHING


@dataclass(frozen=True)
class Gap:
    """How far a pool is from its minimum: `missing` units, of which tolerances would give `covered_by_tolerance`."""

    missing: int
    covered_by_tolerance: int

    @property
    def is_met(self) -> bool:
        """Whether ordering now would reach the minimum."""
        return self.missing == self.covered_by_tolerance


def gap(quantity: int, tolerance: int, minimum: int | None, multiple: int) -> Gap:
    """The gap of a pool of `quantity` counted units, in whole packs: a pack not filled is not ordered (domain §4b.6e)."""
    if minimum is None:
        return Gap(0, 0)
    target = -(-minimum // multiple) * multiple
    missing = max(0, target - quantity)
    filled = packs_filled(quantity, tolerance, multiple) * multiple
    return Gap(missing, max(0, min(filled - quantity, missing)))


@dataclass(frozen=True)
class Waiting:
    """A need on the waiting list."""

    establishment_id: UUID
    quantity: int


def promotions(available: int | None, waiting: Iterable[Waiting]) -> list[UUID]:
    """Who comes off the list when `available` units are free (None: no maximum), in rank order.

    A need fits whole or not; one that does not fit is skipped and keeps its rank (domain §4b.5).
    """
    promoted = []
    for need in waiting:
        if available is None or need.quantity <= available:
            promoted.append(need.establishment_id)
            available = None if available is None else available - need.quantity
    return promoted
