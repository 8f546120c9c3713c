"""Which rows of a pool an outsider sees: a grappe only when enough organisations stand behind it (domain §4b.15)."""
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tenders.demand.views import GrappeRow

SMALLEST_SHOWN = 3
"""Organisations behind a figure before outsiders may see it."""


@dataclass(frozen=True)
class Behind:
    """A grappe's row and how many organisations stand behind what it shows."""

    row: GrappeRow
    organisations: int


def masked(rows: Sequence[Behind], individual_members: int) -> tuple[tuple[GrappeRow, ...], int]:
    """The rows to show and how many grappes were put together or left out.

    One's own grappes are always shown. The small ones are put together in one row without a name; when even together
    they are too few, and the lot's total less the rows shown would tell their figures, the smallest shown row joins
    them. `individual_members` (needs without a grappe) hide them in that difference too.
    """
    shown = [each for each in rows if each.row.own or each.organisations >= SMALLEST_SHOWN]
    hidden = [each for each in rows if not (each.row.own or each.organisations >= SMALLEST_SHOWN)]
    if not hidden:
        return tuple(_cut(each.row) for each in rows), 0
    candidates = sorted((each for each in shown if not each.row.own), key=lambda each: each.organisations)
    while candidates and _organisations(hidden) + individual_members < SMALLEST_SHOWN:
        joining = candidates.pop(0)
        shown.remove(joining)
        hidden.append(joining)
    together: tuple[GrappeRow, ...] = ()
    if _organisations(hidden) >= SMALLEST_SHOWN:
        together = (_put_together([each.row for each in hidden]),)
    return tuple(_cut(each.row) for each in shown) + together, len(hidden)


def _organisations(rows: Sequence[Behind]) -> int:
    return sum(each.organisations for each in rows)


def _put_together(rows: Sequence[GrappeRow]) -> GrappeRow:
    return GrappeRow(
        grappe_id=None,
        name=None,
        firm=sum(row.firm for row in rows),
        conditional=sum(row.conditional for row in rows),
        indicative=sum(row.indicative for row in rows),
        members=sum(row.members for row in rows),
    )


def _cut(row: GrappeRow) -> GrappeRow:
    """What outsiders see of a grappe; one's own stays whole."""
    if row.own:
        return row
    return replace(row, awaiting_signature=0, waitlisted=0, tolerance=0, missing=0, is_met=None)
