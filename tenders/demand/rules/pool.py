"""What a need adds to its pool, what the pool still lacks, and who comes off the waiting list."""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from uuid import UUID

from tenders.demand.rules.conditions import largest_consistent_set
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
class Asking:
    """Counted conditional needs that ask for `threshold` pooled units, added up; a key tells their grappe."""

    threshold: int
    quantity: int
    tolerance: int
    grappe_id: str | None = None


@dataclass(frozen=True)
class Gap:
    """How far a pool is from its minimum: `missing` units, of which tolerances would give `covered_by_tolerance`.

    `is_met`: closing now would reach the minimum. `conditions_open`: some conditional needs would leave at a closing
    now, because the pool is smaller than they ask.
    """

    missing: int
    covered_by_tolerance: int
    is_met: bool
    conditions_open: bool = False


def gap(quantity: int, tolerance: int, minimum: int | None, multiple: int, asking: Sequence[Asking] = ()) -> Gap:
    """The gap of a pool of `quantity` counted units, `asking` among them, as a closing now would test it (§4b.6).

    `missing` is the fewest units that somebody must still engage firmly: what tolerances would give is not taken off,
    whole packs are counted (a pack not filled is not ordered), and so are needs that would leave (unless the units
    added make their condition hold).
    """
    asked = sum(each.quantity for each in asking)
    needs = [(-1, quantity - asked, None), *((n, each.quantity, each.threshold) for n, each in enumerate(asking))]
    staying = largest_consistent_set(needs)
    is_open = bool(staying.dropped)
    if minimum is None:
        return Gap(0, 0, True, is_open)
    kept_tolerance = tolerance - sum(asking[place].tolerance for place in staying.dropped)
    filled = packs_filled(staying.total, kept_tolerance, multiple) * multiple
    missing = _missing(quantity, -(-minimum // multiple) * multiple, asking)
    is_met = filled >= minimum
    if is_met:
        return Gap(missing, missing, True, is_open)
    covered = 0 if is_open else max(0, min(filled - quantity, missing))
    return Gap(missing, covered, False, is_open)


def _missing(quantity: int, target: int, asking: Sequence[Asking]) -> int:
    """Fewest firm units to add to reach `target`, giving up the most demanding needs when that takes fewer."""
    staying, fewest = quantity, target
    by_threshold = sorted(asking, key=lambda each: -each.threshold)
    for leaving in by_threshold:
        fewest = min(fewest, max(0, target - staying, leaving.threshold - staying))
        staying -= leaving.quantity
    return max(0, min(fewest, target - staying))


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
