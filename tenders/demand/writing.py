"""The steps that write a pool: a need and its totals in one statement, and the bulk moves of a closing or an exit.

The locking protocol
--------------------
1. **One lock decides.** Whoever changes anything of a lot's pool (needs, totals, waiting list, the claims of its needs)
   holds the lot's row of `lot_totals`. `place` takes it inside its single statement, audit and outbox row included, as
   the last thing before COMMIT (a round trip under the lock is what the others wait for); everything else takes it
   first, by `lock_pool`. So the maximum, the waiting list's order and a closing are decided
   one at a time per lot, and different lots never wait for each other.
2. **Order of locks**: grappes → grappe_memberships → vehicles → lots → lot_totals (several in id order) → what rooms
   above hold on the lot (`JoiningLate`: its contracts, in id order) → rows of that pool → pooling_claims (several in
   establishment order) → envelopes. Nobody takes a lock to the left of one it holds. That is why needs refer to
   `lot_totals` and `lot_grappe_totals` and not to `lots` and `grappes`: the check of a foreign key locks the row
   referred to, and a canceller holds the lot's row, a leaver the grappe's, while it waits for the totals.
   For the same reason a grappe's first row on a lot is written in a transaction of its own (`ensure_grappe_row`).
3. **Nothing read before the lock is trusted.** `place` repeats, in its WHERE, what its caller decided on: the round,
   that needs are taken, the room (or, to wait, the lack of room) under the maximum, the need's version and when it was
   first placed (a need withdrawn and placed again starts at version 1 again); and it looks at the version written, for
   a need withdrawn meanwhile is inserted anew. When one of them moved, nothing is written, `Overtaken` rolls the
   transaction back and the use case starts again from a fresh read. A closing sets `takes_needs` and `round` under the
   lock: a need accepted after it is impossible.
4. **No re-evaluation across CTEs.** In READ COMMITTED an UPDATE that waited is re-checked on the newest row, and that
   re-check cannot run another data-modifying CTE. Only `lot_totals`, which depends on no CTE, is updated; the rows
   behind it are written by INSERT … ON CONFLICT, which looks at the newest row by itself.
5. Triggers keep every version of a need (`need_versions`) in the statement that writes it: no round trip, no way past.
6. The CHECK on `lot_totals` is the last guard of the maximum, the primary key of `pooling_claims` that of one volume in
   one pool. `grappe pool verify` compares totals and claims with the needs.
"""
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from psycopg.errors import DivisionByZero
from sqlalchemy import ARRAY, Uuid, any_, delete, literal, select, text, update
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.audit import Told
from marketplace.platform.database import Numbered, fetch_row, finish_with, numbered
from tenders.demand.models import LotTotals, Need
from tenders.demand.rules.placing import Placed
from tenders.demand.rules.pool import NOTHING, Contribution, contribution

SUMS = ("firm", "conditional", "awaiting_signature", "waitlisted", "indicative", "tolerance", "members")


class Overtaken(Exception):
    """Something decided on moved before the lock was held: roll back and start again from a fresh read."""


class GrappeRowMissing(Exception):
    """The grappe's first need on this lot: roll back, `ensure_grappe_row` on its own, and start again."""

    def __init__(self, lot_id: UUID, grappe_id: UUID) -> None:
        super().__init__(lot_id, grappe_id)
        self.lot_id, self.grappe_id = lot_id, grappe_id


@dataclass(frozen=True)
class Change:
    """A difference to a pool: `delta` in the part of one organisation, in a grappe or (None) without."""

    grappe_id: UUID | None
    organisation_id: UUID
    delta: Contribution


@dataclass(frozen=True)
class Placing:
    """A need to write. `claims`: 1 takes the claim, -1 gives it back, 0 neither.

    `expected_version` 0: there was none. `expected_placed_at` tells a need withdrawn and placed again, whose version
    starts again, from the one that was read.
    """

    lot_id: UUID
    establishment_id: UUID
    organisation_id: UUID
    placed: Placed
    round: int
    expected_version: int
    expected_placed_at: datetime | None
    changes: tuple[Change, ...]
    claims: int
    category_code: str
    label: str
    placed_by: UUID | None


@dataclass(frozen=True)
class Written:
    """What the pool looks like after the write, the lock still held."""

    version: int
    waitlist_number: int | None
    waitlisted: int
    counted: int
    maximum: int | None


_NEED_COLUMNS = {
    "organisation_id": "uuid", "grappe_id": "uuid", "quantity": "bigint", "tolerance": "bigint", "firmness": "text",
    "minimum_pool_quantity": "bigint", "maximum_unit_price": "numeric", "status": "text", "waitlist_number": "bigint",
    "changed_at": "timestamptz", "signed_at": "timestamptz", "signed_by": "uuid", "price_ceiling": "numeric",
    "exposure_excl_vat": "numeric", "phases": "bigint[]",
}  # fmt: skip
_NEED_VALUES = {name: f"CAST(:{name} AS {kind})" for name, kind in _NEED_COLUMNS.items()} | {
    "waitlist_number": "CASE WHEN CAST(:status AS text) = 'waitlisted'"
    " THEN COALESCE(CAST(:waitlist_number AS bigint), totals.last_waitlist_number) END"
}
_ADD_SUMS = ", ".join(f"{name} = {name} + :d_{name}" for name in SUMS)
_NEW_SUMS = ", ".join(f"{name} + :d_{name}" for name in SUMS)

# The sums may not fall below nothing: a need promoted or released meanwhile would be taken off twice.
_TOTALS = f"""
totals AS (
    UPDATE lot_totals SET {_ADD_SUMS}, last_waitlist_number = last_waitlist_number + :takes_number
    WHERE lot_id = :lot_id AND round = :round AND takes_needs
      AND (:d_counted <= 0 OR maximum_quantity IS NULL OR firm + conditional + :d_counted <= maximum_quantity)
      AND (:waits_for = 0 OR firm + conditional + :d_counted + :waits_for > maximum_quantity)
      AND LEAST({_NEW_SUMS}) >= 0
    RETURNING last_waitlist_number, waitlisted, firm + conditional AS counted, maximum_quantity
)"""
_NEED = f"""
need AS (
    INSERT INTO needs (lot_id, establishment_id, placed_at, placed_by, changed_by, {", ".join(_NEED_COLUMNS)})
    SELECT :lot_id, :establishment_id, CAST(:changed_at AS timestamptz), CAST(:placed_by AS uuid),
           CAST(:placed_by AS uuid), {", ".join(_NEED_VALUES.values())}
    FROM totals
    ON CONFLICT (lot_id, establishment_id) DO UPDATE
    SET {", ".join(f"{name} = excluded.{name}" for name in _NEED_COLUMNS)},
        placed_by = excluded.placed_by, changed_by = excluded.changed_by, ordered_quantity = NULL, decision_code = NULL,
        version = needs.version + 1
    WHERE needs.version = :expected_version AND needs.placed_at = CAST(:expected_placed_at AS timestamptz)
    RETURNING version, waitlist_number
)"""
_GRAPPES = f"""
part AS (
    SELECT * FROM unnest(CAST(:part_grappes AS uuid[]), CAST(:part_organisations AS uuid[]),
                         CAST(:part_shown AS bigint[])) AS p (grappe_id, organisation_id, shown)
),
organisation AS (
    INSERT INTO lot_grappe_organisations AS known (lot_id, grappe_id, organisation_id, needs)
    SELECT :lot_id, grappe_id, organisation_id, shown FROM part%(and_totals)s WHERE shown <> 0
    ON CONFLICT (lot_id, grappe_id, organisation_id) DO UPDATE SET needs = known.needs + excluded.needs
    RETURNING grappe_id, organisation_id, needs
),
grappe AS (
    INSERT INTO lot_grappe_totals AS known (lot_id, grappe_id, {", ".join(SUMS)}, organisations)
    SELECT :lot_id, g.*, COALESCE((
        SELECT sum(CASE WHEN p.shown > 0 AND o.needs = p.shown THEN 1 WHEN p.shown < 0 AND o.needs = 0 THEN -1 ELSE 0 END)
        FROM organisation o JOIN part p USING (grappe_id, organisation_id) WHERE o.grappe_id = g.grappe_id
    ), 0)
    FROM unnest(CAST(:grappes AS uuid[]), {", ".join(f"CAST(:g_{name} AS bigint[])" for name in SUMS)})
         AS g (grappe_id, {", ".join(SUMS)})%(and_totals)s
    ON CONFLICT (lot_id, grappe_id) DO UPDATE
    SET {", ".join(f"{name} = known.{name} + excluded.{name}" for name in (*SUMS, "organisations"))}
)"""
_CLAIM = """
claim AS (
    INSERT INTO pooling_claims (establishment_id, category_code, kind, subject_id, subject_label, claimed_at)
    SELECT :establishment_id, :category_code, 'need', :lot_id, :label, CAST(:changed_at AS timestamptz) FROM totals
    ON CONFLICT DO NOTHING RETURNING 1
)"""
_GIVE_BACK = """
claim AS (
    DELETE FROM pooling_claims
    WHERE kind = 'need' AND subject_id = :lot_id AND establishment_id = :establishment_id
      AND EXISTS (SELECT FROM totals)
    RETURNING 1
)"""


@cache
def _placing_statement(in_grappe: bool, claims: int, telling: tuple[str, ...]) -> Numbered:
    """One statement for the whole write; what a need does not touch is left out of it.

    When one of its parts found something moved, the count is 0 and dividing by it fails the statement: nothing is
    written, and a COMMIT sent along with it is not heard.
    """
    steps = [_TOTALS, _NEED]
    if in_grappe:
        steps.append(_GRAPPES % {"and_totals": ", totals"})
    if claims:
        steps.append(_CLAIM if claims > 0 else _GIVE_BACK)
    steps += telling
    return numbered(
        f"WITH {', '.join(steps)} SELECT max(need.version), max(need.waitlist_number), max(totals.waitlisted), "
        "max(totals.counted), max(totals.maximum_quantity), 1 / count(*) "
        "FROM totals JOIN need ON need.version = CAST(:expected_version AS integer) + 1"
        + (" JOIN claim ON true" if claims > 0 else "")
    )


def place(session: Session, placing: Placing, telling: Told, *, last: bool = False) -> Written:
    """Step: write a need, its totals, its claim and its audit in one statement that takes the lot's lock; COMMIT should
    follow, and goes along with it when this is the `last` statement of the use case.

    Overtaken when the round, the room under the maximum, the need or the claim moved since they were read.
    """
    placed, wish, signature = placing.placed, placing.placed.wish, placing.placed.signature
    values = {
        "lot_id": placing.lot_id, "establishment_id": placing.establishment_id, "round": placing.round,
        "expected_version": placing.expected_version, "expected_placed_at": placing.expected_placed_at,
        "placed_by": placing.placed_by, "changed_at": clock.now(),
        "organisation_id": placing.organisation_id, "grappe_id": wish.grappe_id, "quantity": wish.quantity,
        "tolerance": wish.tolerance, "firmness": wish.firmness, "minimum_pool_quantity": wish.minimum_pool_quantity,
        "maximum_unit_price": wish.maximum_unit_price, "status": placed.status,
        "waitlist_number": placed.waitlist_number,
        "takes_number": int(placed.status == "waitlisted" and placed.waitlist_number is None),
        "waits_for": wish.quantity if placed.status == "waitlisted" else 0,
        "signed_at": signature and signature.signed_at, "signed_by": signature and signature.signed_by,
        "price_ceiling": signature and signature.price_ceiling,
        "exposure_excl_vat": signature and signature.exposure_excl_vat,
        "phases": wish.phases and list(wish.phases),
        "category_code": placing.category_code, "label": placing.label,
        **_deltas(placing.changes), **telling.values,
    }  # fmt: skip
    in_grappe = any(change.grappe_id is not None for change in placing.changes)
    send = finish_with if last else fetch_row
    try:
        row = send(session, _placing_statement(in_grappe, placing.claims, telling.steps), values)
    except DataError as failed:
        if isinstance(failed.orig, DivisionByZero):
            raise Overtaken from failed
        raise
    assert row is not None, "an aggregate has one row"
    return Written(*row[:5])


_ENSURE = text("INSERT INTO lot_grappe_totals (lot_id, grappe_id) VALUES (:lot_id, :grappe_id) ON CONFLICT DO NOTHING")


def ensure_grappe_row(session: Session, lot_id: UUID, grappe_id: UUID) -> None:
    """Step: the grappe's first row on a lot, in a transaction that holds nothing else (locking protocol, 2)."""
    session.execute(_ENSURE, {"lot_id": lot_id, "grappe_id": grappe_id})


def lock_pool(session: Session, lot_id: UUID) -> LotTotals:
    """Step: the lot's lock, and its totals as they are once it is held; the lot must have been opened."""
    statement = select(LotTotals).where(LotTotals.lot_id == lot_id).with_for_update(key_share=True)
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def apply(session: Session, lot_id: UUID, changes: Sequence[Change]) -> None:
    """Step: add differences to the totals of a lot and of its grappes; the caller holds the lot's lock."""
    values = {"lot_id": lot_id, **_deltas(changes)}
    session.execute(text(f"UPDATE lot_totals SET {_ADD_SUMS} WHERE lot_id = :lot_id"), values)
    if values["grappes"]:
        session.execute(text(f"WITH {_GRAPPES % {'and_totals': ''}} SELECT 1"), values)


def move(session: Session, lot_id: UUID, needs: Collection[Need], status: str) -> None:
    """Step: give several needs of a lot another status, with totals and claims; the caller holds the lot's lock.

    Rows that counted and no longer do give their claim back; who starts counting must have claimed before.
    """
    changes = [
        Change(need.grappe_id, need.organisation_id, _as(need, status) - _as(need, need.status)) for need in needs
    ]
    stopped = [need.establishment_id for need in needs if need.status == "counted" and status != "counted"]
    ids = [need.establishment_id for need in needs]
    session.execute(
        update(Need)
        .where(Need.lot_id == lot_id, Need.establishment_id == any_(literal(ids, ARRAY(Uuid))))
        .values(
            status=status, waitlist_number=None, changed_at=clock.now(), changed_by=None, version=Need.version + 1
        )
        .execution_options(synchronize_session=False)
    )
    apply(session, lot_id, changes)
    release_claims(session, lot_id, stopped)


def remove(session: Session, lot_id: UUID, need: Need, by: UUID | None) -> None:
    """Step: delete one need, with totals and claim; the caller holds the lot's lock. Its last version says `by` whom."""
    this_need = (Need.lot_id == lot_id, Need.establishment_id == need.establishment_id)
    session.execute(
        update(Need)
        .where(*this_need)
        .values(changed_at=clock.now(), changed_by=by)
        .execution_options(synchronize_session=False)
    )
    session.execute(delete(Need).where(*this_need).execution_options(synchronize_session=False))
    session.expunge(need)
    apply(session, lot_id, [Change(need.grappe_id, need.organisation_id, -_as(need, need.status))])
    release_claims(session, lot_id, [need.establishment_id])


_RELEASE = text(
    "DELETE FROM pooling_claims WHERE kind = 'need' AND subject_id = :lot_id "
    "AND establishment_id = ANY(CAST(:establishment_ids AS uuid[]))"
)


def release_claims(session: Session, lot_id: UUID, establishment_ids: Sequence[UUID]) -> None:
    """Step: give back the claims that these establishments hold through this lot."""
    if establishment_ids:
        session.execute(_RELEASE, {"lot_id": lot_id, "establishment_ids": list(establishment_ids)})


_TAKE = text("""
INSERT INTO pooling_claims (establishment_id, category_code, kind, subject_id, subject_label, claimed_at)
SELECT e, :category_code, 'need', :lot_id, :label, :now
FROM unnest(CAST(:establishment_ids AS uuid[])) AS e ORDER BY e
ON CONFLICT DO NOTHING RETURNING establishment_id
""")


def take_claims(
    session: Session, lot_id: UUID, label: str, category_code: str, establishment_ids: Collection[UUID]
) -> set[UUID]:
    """Step: claim the category for several establishments; who got it (somebody may pool it elsewhere by now)."""
    values = {
        "lot_id": lot_id, "label": label, "category_code": category_code, "now": clock.now(),
        "establishment_ids": list(establishment_ids),
    }  # fmt: skip
    return set(session.scalars(_TAKE, values))


def _as(need: Need, status: str) -> Contribution:
    return contribution(status, need.firmness, need.quantity, need.tolerance)


def _deltas(changes: Iterable[Change]) -> dict[str, Any]:
    """The changes as parameters: sums for the lot, arrays for its grappes and their organisations."""
    total, grappes, parts = NOTHING, dict[UUID, Contribution](), dict[tuple[UUID, UUID], int]()
    for change in changes:
        total += change.delta
        if change.grappe_id is not None:
            grappes[change.grappe_id] = grappes.get(change.grappe_id, NOTHING) + change.delta
            part = (change.grappe_id, change.organisation_id)
            parts[part] = parts.get(part, 0) + change.delta.shown
    return {
        "d_counted": total.counted,
        **{f"d_{name}": getattr(total, name) for name in SUMS},
        "grappes": list(grappes),
        **{f"g_{name}": [getattr(delta, name) for delta in grappes.values()] for name in SUMS},
        "part_grappes": [grappe_id for grappe_id, _ in parts],
        "part_organisations": [organisation_id for _, organisation_id in parts],
        "part_shown": list(parts.values()),
    }
