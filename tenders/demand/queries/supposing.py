"""A pool's row as it would be under a scenario: sums moved, conditions with them, before the pool's own rules look at it."""
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from operator import add
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session, aliased

from marketplace.establishments.models import Establishment
from marketplace.grappes.models import GrappeMembership
from tenders.demand.models import Need
from tenders.demand.rules.pool import NOTHING, Asking, Contribution
from tenders.demand.rules.what_if import Scenario, Supposition, asked_again, too_few_others

OF_LOT = ("firm", "conditional", "awaiting_signature", "waitlisted", "indicative", "tolerance", "members")
OF_GRAPPE = ("firm", "conditional", "indicative", "members", "awaiting_signature", "waitlisted", "tolerance")
"""A grappe's sums in the order of the pool statement's array, between its id and name and the two facts at the end."""
CONDITIONS = """
SELECT minimum_pool_quantity, CAST(sum(quantity) AS bigint), CAST(sum(tolerance) AS bigint), CAST(grappe_id AS text)
FROM needs
WHERE lot_id = %(lot_id)s AND status = 'counted' AND minimum_pool_quantity IS NOT NULL
GROUP BY minimum_pool_quantity, grappe_id
"""
"""Needs that ask the same pool leave together: their sums, by grappe."""
_ASKED_AGAIN = """
SELECT CAST(grappe_id AS text),
       CAST(COALESCE(sum(quantity) FILTER (WHERE status = 'counted'), 0) AS bigint),
       CAST(COALESCE(sum(quantity) FILTER (WHERE status = 'waitlisted'), 0) AS bigint),
       CAST(COALESCE(sum(quantity) FILTER (WHERE status = 'not_counted'), 0) AS bigint),
       CAST(COALESCE(sum(tolerance) FILTER (WHERE status = 'counted'), 0) AS bigint),
       count(*) FILTER (WHERE status = 'counted'), count(*)
FROM needs
WHERE lot_id = %(lot_id)s AND firmness <> 'firm' AND status IN ('counted', 'waitlisted', 'not_counted')
GROUP BY grappe_id
"""


def list_departures(session: Session, lot_id: UUID, organisation_ids: Collection[UUID], by: date) -> list[Need]:
    """Living needs of a lot whose site leaves, by that day, the grappe they go through: only grappes that one of these
    organisations is in, for a notice is told to its grappe and not to others.
    """
    mine = aliased(GrappeMembership)
    inside = (
        exists()
        .where(mine.grappe_id == Need.grappe_id, mine.ended_at.is_(None), mine.joined_at.is_not(None))
        .where(Establishment.id == mine.establishment_id, Establishment.organisation_id.in_(organisation_ids))
    )
    leaving = (GrappeMembership.grappe_id == Need.grappe_id, GrappeMembership.establishment_id == Need.establishment_id)
    statement = (
        select(Need)
        .join(GrappeMembership, and_(*leaving))
        .where(Need.lot_id == lot_id, Need.status.not_in(("excluded", "released")))
        .where(GrappeMembership.ended_at.is_(None), GrappeMembership.leaves_on <= by, inside)
        .order_by(Need.establishment_id)
    )
    return list(session.scalars(statement))


def list_asked_again(session: Session, lot_id: UUID, scenario: Scenario) -> dict[str | None, Contribution]:
    """What an extension would ask again, by grappe, with what the scenario supposes; `shown` counts the needs."""
    found: dict[str | None, Contribution] = {}
    for row in session.connection().exec_driver_sql(_ASKED_AGAIN, {"lot_id": lot_id}):
        grappe_id, conditional, waitlisted, indicative, tolerance, members, needs = row
        found[grappe_id] = Contribution(
            conditional=conditional, waitlisted=waitlisted, indicative=indicative, tolerance=tolerance, members=members,
            shown=needs,
        )  # fmt: skip
    for part in scenario.parts:
        key = str(part.grappe_id) if part.grappe_id else None
        found[key] = found.get(key, NOTHING) + asked_again(part.placed) - asked_again(part.before)
    return found


def list_conditions(session: Session, lot_id: UUID, scenario: Scenario | None) -> list[Asking]:
    """The conditions of a lot's counted needs, added up, with what the scenario supposes."""
    found = [Asking(*facts) for facts in session.connection().exec_driver_sql(CONDITIONS, {"lot_id": lot_id})]
    if scenario is None:
        return found
    for part in scenario.parts:
        if part.before is not None and (was := part.before.asking):
            found = [left for each in found if (left := _less(each, was)).quantity]
        if part.placed is not None and (would_be := part.placed.asking):
            found.append(replace(would_be, grappe_id=str(part.grappe_id) if part.grappe_id else None))
    found += scenario.arriving
    if scenario.together is not None:
        source, target = str(scenario.together[0]), scenario.together[1]
        with_target = str(target) if target else None
        found = [replace(each, grappe_id=with_target) if each.grappe_id == source else each for each in found]
    return found


def supposed_thresholds(scenario: Scenario | None) -> list[int]:
    """The pools that the scenario's own needs ask for."""
    if scenario is None:
        return []
    askings = [part.placed.asking for part in scenario.parts if part.placed is not None]
    return [each.threshold for each in (*askings, *scenario.arriving) if each]


def suppose_row(row: SimpleNamespace, scenario: Scenario, again: Mapping[str | None, Contribution]) -> None:
    """Make the row what it would be: the parts, the grappes that count together, then what an extension asks again.

    RuleBroken `fewer_units_pooled` when more leaves than others engaged firmly.
    """
    for part in scenario.parts:
        _add(row, part)
    if scenario.together is not None:
        _together(row, *scenario.together)
    if scenario.extended:
        for grappe_id, asked in again.items():
            _add(row, Supposition(None, -asked, UUID(grappe_id) if grappe_id else None))


def _add(row: SimpleNamespace, part: Supposition) -> None:
    """Add a difference to the lot's sums and to its grappe's; a grappe new to the lot is the reader's own."""
    _enough(row.firm, part, row.unit)
    for name in OF_LOT:
        setattr(row, name, getattr(row, name) + getattr(part.delta, name))
    if part.grappe_id is None:
        return
    grappe_id, grappes = str(part.grappe_id), list(row.grappes or ())
    if grappe_id not in [facts[0] for facts in grappes]:
        grappes.append([grappe_id, part.grappe_name, *[0] * len(OF_GRAPPE), True, 1])
    deltas = [getattr(part.delta, name) for name in OF_GRAPPE]
    row.grappes = [_added(facts, deltas, part, row.unit) if facts[0] == grappe_id else facts for facts in grappes]


def _added(facts: Sequence[Any], deltas: Sequence[int], part: Supposition, unit: str) -> list[Any]:
    _enough(facts[2], part, unit)
    return [*facts[:2], *map(add, facts[2:-2], deltas), *facts[-2:]]


def _enough(firm: int, part: Supposition, unit: str) -> None:
    if firm + part.delta.firm < 0:
        raise too_few_others(firm, -part.delta.firm, unit)


def _together(row: SimpleNamespace, source: UUID, target: UUID | None) -> None:
    """Count what outsiders see of a grappe with another's; its margins, which they are not told, stay where they are."""
    rows = list(row.grappes or ())
    moved = next((facts for facts in rows if facts[0] == str(source)), None)
    if moved is None:
        return
    told = len(OF_GRAPPE) - 3
    left = [[*moved[:2], *[0] * told, *moved[2 + told :]] if facts is moved else facts for facts in rows]
    if target is not None:
        here = next((facts for facts in rows if facts[0] == str(target)), None)
        own = here or [str(target), None, *[0] * len(OF_GRAPPE), True, 1]
        joined = [*own[:2], *map(add, own[2 : 2 + told], moved[2 : 2 + told]), *own[2 + told :]]
        left = [*(facts for facts in left if facts is not here), joined]
    row.grappes = left


def _less(asking: Asking, one: Asking) -> Asking:
    if (asking.threshold, asking.grappe_id) != (one.threshold, one.grappe_id):
        return asking
    return replace(asking, quantity=asking.quantity - one.quantity, tolerance=asking.tolerance - one.tolerance)
