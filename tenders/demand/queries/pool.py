"""The pool of a lot as one reader may see it: one statement over maintained totals, whatever the number of needs.

A second statement reads the conditions, added up, when the largest of them (one probe of an index) is not met yet;
another one who stands behind small grappes, when there are some and the reader may not see everything.
"""
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.database import fetch_row, numbered
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import Actor, require
from tenders.demand.queries.supposing import list_asked_again, list_conditions, suppose_row, supposed_thresholds
from tenders.demand.rules.masking import SMALLEST_SHOWN, Behind, Organisations, masked, told_gaps
from tenders.demand.rules.pool import Asking, Gap, gap
from tenders.demand.rules.what_if import Scenario
from tenders.demand.views import GrappeRow, MinimumView, PoolView
from tenders.vehicles.status import status_of

# One JSON value instead of 28 columns, and the driver's own call: this is the most read statement of the product, and
# describing columns to Python cost as much as the statement itself. Who stands behind small grappes and beside all of them
# takes reading more rows: it is asked only where something is hidden.
_POOL = numbered("""
WITH own AS (
    SELECT DISTINCT m.grappe_id
    FROM establishments e
    JOIN grappe_memberships m ON m.establishment_id = e.id AND m.ended_at IS NULL AND m.joined_at IS NOT NULL
    WHERE e.organisation_id = ANY(CAST(:organisations AS uuid[]))
)
SELECT CAST(row_to_json(pool) AS text) FROM (
SELECT l.vehicle_id, l.title, l.unit, l.price_period, l.term_months, l.reference_unit_price, l.order_multiple,
       l.needs_close_at, l.round, l.opened_at, l.closed_at, l.cancelled_at, v.ends_on, v.organisation_id AS centre_id,
       l.minimum_kind, l.minimum_basis, l.minimum_scope, l.minimum_value, l.minimum_quantity,
       t.firm, t.conditional, t.awaiting_signature, t.waitlisted, t.indicative, t.tolerance, t.members,
       t.maximum_quantity,
       (SELECT max(n.minimum_pool_quantity) FROM needs n
        WHERE n.lot_id = l.id AND n.status = 'counted' AND n.minimum_pool_quantity IS NOT NULL) AS hardest_condition,
       CASE WHEN CAST(:with_grappes AS boolean) OR l.minimum_scope = 'grappe' THEN (
           SELECT json_agg(json_build_array(
                      g.id, g.name, r.firm, r.conditional, r.indicative, r.members, r.awaiting_signature, r.waitlisted,
                      r.tolerance, own.grappe_id IS NOT NULL, r.organisations
                  ) ORDER BY r.firm + r.conditional DESC, g.name, g.id)
           FROM lot_grappe_totals r
           JOIN grappes g ON g.id = r.grappe_id
           LEFT JOIN own ON own.grappe_id = r.grappe_id
           WHERE r.lot_id = l.id
             AND r.firm + r.conditional + r.indicative + r.awaiting_signature + r.waitlisted > 0
       ) END AS grappes,
       (CAST(:with_grappes AS boolean) OR l.minimum_scope = 'grappe') AND EXISTS (
           SELECT FROM lot_grappe_totals r WHERE r.lot_id = l.id AND r.organisations < :smallest_shown
       ) AS has_small_grappes
FROM lots l
JOIN vehicles v ON v.id = l.vehicle_id
JOIN lot_totals t ON t.lot_id = l.id
WHERE l.id = :lot_id
) AS pool
""")

# Beside the pool and not in it: what it may cost would make PostgreSQL plan every read of every pool anew.
_FEW = numbered("""
SELECT CAST(COALESCE(json_agg(json_build_array(known.grappe_id, known.organisation_id)), '[]') AS text) FROM (
    SELECT o.grappe_id, o.organisation_id
    FROM lot_grappe_organisations o
    JOIN lot_grappe_totals r ON r.lot_id = o.lot_id AND r.grappe_id = o.grappe_id
    WHERE o.lot_id = :lot_id AND o.needs > 0 AND r.organisations < :smallest_shown
      AND o.organisation_id <> ALL(CAST(:organisations AS uuid[]))
    UNION ALL
    SELECT NULL, others.organisation_id FROM (
        SELECT DISTINCT n.organisation_id FROM needs n
        WHERE n.lot_id = :lot_id AND n.grappe_id IS NULL AND n.status = 'counted'
          AND n.organisation_id <> ALL(CAST(:organisations AS uuid[]))
        LIMIT :smallest_shown
    ) AS others
) AS known
""")


def get_pool(session: Session, actor: Actor, lot_id: UUID, supposed: Scenario | None = None) -> PoolView:
    """The pool of an opened lot, cut to what the actor may see (domain §4b.15, ux.md); NotFound for a draft.

    With a scenario, the pool as it would be, by the same rules; RuleBroken `fewer_units_pooled`.

    A provider sees the lot's totals, care operators and authorities those of grappes too (masked below three
    organisations, their own in full), the vehicle's centre everything. What is missing adds up only the gaps they may
    know. NotAllowed for the platform's operator.
    """
    require(actor, "pool.read")
    only_provider = actor.has_kind("provider") and not (
        actor.has_kind("care_operator") or actor.has_kind("purchasing_centre")
    )
    values = {
        "lot_id": lot_id,
        "organisations": list(actor.organisation_ids(kind="care_operator")),
        "with_grappes": not only_provider,
        "smallest_shown": SMALLEST_SHOWN,
    }
    read = fetch_row(session, _POOL, values)
    if read is None:
        raise NotFound("lot")
    row = _typed(read[0])
    sees_everything = actor.is_system or row.centre_id in actor.organisation_ids(kind="purchasing_centre")
    if supposed is not None:
        suppose_row(row, supposed, list_asked_again(session, lot_id, supposed) if supposed.extended else {})
    asking = _asking(session, lot_id, row, supposed)
    few = _few(session, values) if row.has_small_grappes and not sees_everything else {}
    behind = [_behind(row, facts, asking, few) for facts in row.grappes or ()]
    rows, hidden = tuple(each.row for each in behind), 0
    if not sees_everything:
        # Of the pool as it is: what the reader supposes, or brought itself, hides nobody from it.
        rows, hidden = masked(behind, Organisations(few=few.get(None, frozenset())))
    told = told_gaps(rows, hidden) if row.minimum_scope == "grappe" else None
    lacking = _gap(row, behind, asking, told)
    if only_provider:
        rows, hidden = (), 0
    view = _view(lot_id, row, lacking, rows, hidden, sees_everything)
    return view if told is None else replace(view, tells_whole_gap=False)


def _few(session: Session, values: Mapping[str, Any]) -> dict[str | None, frozenset[str]]:
    """Organisations behind each small grappe and, under None, beside all grappes."""
    read = fetch_row(session, _FEW, {key: values[key] for key in ("lot_id", "organisations", "smallest_shown")})
    found: dict[str | None, set[str]] = {}
    for grappe_id, organisation_id in json.loads(read[0]) if read is not None else ():
        found.setdefault(grappe_id, set()).add(organisation_id)
    return {grappe_id: frozenset(organisations) for grappe_id, organisations in found.items()}


def _asking(session: Session, lot_id: UUID, row: SimpleNamespace, supposed: Scenario | None) -> Sequence[Asking]:
    """The conditions to look at: none while every pool is at least as large as the hardest of them.

    Extended, the conditional needs are asked again and count for nothing until they are confirmed.
    """
    if supposed is not None and supposed.extended:
        return ()
    pools = [row.firm + row.conditional]
    if row.minimum_scope == "grappe":
        grappes = [facts[2] + facts[3] for facts in row.grappes or ()]
        pools = [*grappes, pools[0] - sum(grappes)]
    hardest = max(row.hardest_condition or 0, *supposed_thresholds(supposed), 0)
    if all(pool >= hardest for pool in pools if pool):
        return ()
    return list_conditions(session, lot_id, supposed)


def _typed(read: str) -> SimpleNamespace:
    """The JSON row with its types again; numbers with decimals are never floats."""
    row = SimpleNamespace(**json.loads(read, parse_float=Decimal))
    row.vehicle_id, row.centre_id = UUID(row.vehicle_id), UUID(row.centre_id)
    row.needs_close_at = datetime.fromisoformat(row.needs_close_at)
    row.ends_on = date.fromisoformat(row.ends_on)
    if row.reference_unit_price is not None:
        row.reference_unit_price = Decimal(row.reference_unit_price)
    if row.minimum_value is not None:
        row.minimum_value = Decimal(row.minimum_value)
    return row


def _behind(
    row: SimpleNamespace, facts: Sequence[Any], asking: Sequence[Asking], few: Mapping[str | None, frozenset[str]]
) -> Behind:
    grappe_id, name, *sums, own, organisations = facts
    firm, conditional, indicative, members, awaiting_signature, waitlisted, tolerance = sums
    missing, is_met = 0, None
    if row.minimum_scope == "grappe" and row.minimum_quantity is not None:
        asked = [each for each in asking if each.grappe_id == grappe_id]
        own_gap = gap(firm + conditional, tolerance, row.minimum_quantity, row.order_multiple, asked)
        missing, is_met = own_gap.missing, own_gap.is_met
    shown = GrappeRow(
        UUID(grappe_id), name, firm, conditional, indicative, members, awaiting_signature, waitlisted, tolerance, own,
        missing, is_met,
    )  # fmt: skip
    return Behind(shown, Organisations(organisations, few.get(grappe_id, frozenset())))


def _gap(
    row: SimpleNamespace, behind: Sequence[Behind], asking: Sequence[Asking], told: frozenset[str] | None
) -> Gap:
    """The lot's gap; with a minimum per grappe the sum of the gaps of all that have counted needs, those without a grappe
    among them, or of the grappes `told` alone. Whether it is met looks at every pool, for every reader."""
    minimum, multiple = row.minimum_quantity, row.order_multiple
    counted = row.firm + row.conditional
    if row.minimum_scope != "grappe":
        return gap(counted, row.tolerance, minimum, multiple, asking)
    pools: list[tuple[str | None, int, int]] = [
        (str(each.row.grappe_id), each.row.firm + each.row.conditional, each.row.tolerance) for each in behind
    ]
    pools.append((None, counted - sum(pool[1] for pool in pools), row.tolerance - sum(pool[2] for pool in pools)))
    gaps = {
        grappe_id: gap(quantity, tolerance, minimum, multiple, [each for each in asking if each.grappe_id == grappe_id])
        for grappe_id, quantity, tolerance in pools
        if quantity
    } or {None: gap(0, 0, minimum, multiple)}
    added = [each for grappe_id, each in gaps.items() if told is None or grappe_id in told]
    return Gap(
        sum(each.missing for each in added), sum(each.covered_by_tolerance for each in added),
        all(each.is_met for each in gaps.values()), any(each.conditions_open for each in gaps.values()),
    )  # fmt: skip


def _view(
    lot_id: UUID, row: SimpleNamespace, lacking: Gap, rows: tuple[GrappeRow, ...], hidden: int, sees_everything: bool
) -> PoolView:
    dates = {name: getattr(row, name) for name in ("cancelled_at", "opened_at", "ends_on", "closed_at")}
    value = row.minimum_value
    if value is not None and row.minimum_basis == "quantity":
        value = int(value)
    return PoolView(
        lot_id=lot_id,
        vehicle_id=row.vehicle_id,
        title=row.title,
        unit=row.unit,
        price_period=row.price_period,
        term_months=row.term_months,
        reference_unit_price=row.reference_unit_price,
        order_multiple=row.order_multiple,
        needs_close_at=row.needs_close_at,
        round=row.round,
        status=status_of(dates, clock.today()),
        firm=row.firm,
        conditional=row.conditional,
        awaiting_signature=row.awaiting_signature,
        waitlisted=row.waitlisted,
        indicative=row.indicative,
        tolerance=row.tolerance,
        members=row.members,
        minimum=MinimumView(row.minimum_kind, row.minimum_basis, row.minimum_scope, value, row.minimum_quantity),
        maximum=row.maximum_quantity,
        missing=lacking.missing,
        covered_by_tolerance=lacking.covered_by_tolerance,
        is_met=lacking.is_met,
        conditions_open=lacking.conditions_open,
        grappes=rows,
        masked_grappes=hidden,
        sees_everything=sees_everything,
    )
