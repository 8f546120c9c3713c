"""What an outsider sees of a pool and of a closing: a grappe only with enough organisations behind it (domain §4b.15)."""
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from tenders.demand.views import GrappeRow

SMALLEST_SHOWN = 3
"""Organisations behind a figure before outsiders may see it."""
MOST_NOTED = 2 * SMALLEST_SHOWN
"""A decision notes which organisations are behind a figure below so many: some may be its reader's own."""


@dataclass(frozen=True)
class Organisations:
    """Who stands behind a figure: how many, and which of them while they are `few`, the reader's own left out."""

    count: int = 0
    few: frozenset[str] = frozenset()


def at_least(parts: Iterable[Organisations]) -> int:
    """How many organisations stand behind these figures together, at least: one that is behind several counts once."""
    found = list(parts)
    return max(len(frozenset().union(*(each.few for each in found))), *(each.count for each in found), 0)


@dataclass(frozen=True)
class Behind:
    """A grappe's row and the organisations that stand behind what it shows."""

    row: GrappeRow
    organisations: Organisations


def masked(rows: Sequence[Behind], others_beside: Organisations) -> tuple[tuple[GrappeRow, ...], int]:
    """The rows to show and how many grappes were put together or left out.

    One's own grappes are always shown. The small ones are put together in one row without a name; when even together
    they are too few, and the lot's total less the rows shown would tell their figures, the smallest shown row joins
    them. `others_beside`, organisations with needs without a grappe, hide them in that difference too; the reader's own do
    not, for it knows what it brought.
    """
    places = _hidden([(each.organisations, each.row.own) for each in rows], others_beside)
    hidden = [rows[place] for place in places]
    shown = tuple(_cut(each.row) for place, each in enumerate(rows) if place not in places)
    if at_least(each.organisations for each in hidden) < SMALLEST_SHOWN:
        return shown, len(hidden)
    return (*shown, _put_together([each.row for each in hidden])), len(hidden)


def told_gaps(shown: Sequence[GrappeRow], hidden: int) -> frozenset[str] | None:
    """The grappes whose gap to a minimum of their own counts in what the reader is told is missing; None: all pools.

    While something is hidden, its gap would tell its figures, and so would that of the needs without a grappe.
    """
    return frozenset(str(row.grappe_id) for row in shown if row.grappe_id is not None) if hidden else None


def _hidden(
    rows: Sequence[tuple[Organisations, bool]], beside: Organisations, hides_beside: bool = False
) -> list[int]:
    """Places of the rows to hide among (organisations, own): the small ones, then the smallest shown ones until enough
    organisations, `beside` included, stand behind what the total less the shown rows tells.

    `hides_beside`: what is beside the rows must be hidden, even if no row must.
    """
    hidden = [place for place, (behind, own) in enumerate(rows) if not own and behind.count < SMALLEST_SHOWN]
    shown = [place for place, (_, own) in enumerate(rows) if not own and place not in hidden]
    if not hidden and not hides_beside:
        return []
    candidates = sorted(shown, key=lambda place: rows[place][0].count)
    while candidates and at_least([beside, *(rows[place][0] for place in hidden)]) < SMALLEST_SHOWN:
        hidden.append(candidates.pop(0))
    return hidden


@dataclass(frozen=True)
class GroupBehind:
    """What a closing gave one grappe (None: needs without one), and how many organisations' needs it decided on.

    `few`: which ones, below `MOST_NOTED`; older decisions did not note them and are cut as if they were the same.
    """

    grappe_id: str | None
    outcome: str
    ordered_quantity: int
    organisations: int
    few: Sequence[str] = ()


def masked_groups(
    groups: Sequence[GroupBehind], own: Collection[str], own_alone: int = 0, readers: Collection[str] = ()
) -> tuple[GroupBehind, ...]:
    """A closing's groups as an outsider, whose `own` grappes are shown in full, may read them.

    The small ones are put together with the needs without a grappe in one line without a name (met when one of them
    is), or left out when even together too few organisations stand behind them. `own_alone` of the `readers`, the
    reader's organisations, have needs without a grappe: they hide nobody from it.
    """
    alone = [each for each in groups if each.grappe_id is None]
    grappes = [each for each in groups if each.grappe_id is not None]
    behind = [Organisations(each.organisations, frozenset(each.few).difference(readers)) for each in grappes]
    beside = Organisations(
        max(0, sum(each.organisations for each in alone) - own_alone),
        frozenset(organisation for each in alone for organisation in each.few).difference(readers),
    )
    rows = [(organisations, each.grappe_id in own) for organisations, each in zip(behind, grappes, strict=True)]
    places = _hidden(rows, beside, hides_beside=0 < beside.count < SMALLEST_SHOWN)
    shown = tuple(each for place, each in enumerate(grappes) if place not in places)
    hidden = [grappes[place] for place in places] + alone
    organisations = at_least([beside, *(behind[place] for place in places)])
    if organisations < SMALLEST_SHOWN:
        return shown
    outcome = "met" if any(each.outcome == "met" for each in hidden) else "not_met"
    together = GroupBehind(None, outcome, sum(each.ordered_quantity for each in hidden), organisations)
    return (*shown, together)


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
