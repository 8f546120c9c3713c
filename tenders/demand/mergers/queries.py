"""Reads of mergers: where needs could go, whose vote runs, and what each reader may see of it."""
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.grappes.models import Grappe
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import Actor
from tenders.demand.mergers.models import Merger, MergerVote
from tenders.demand.mergers.rules import SHORTEST_VOTE, Ballot, Count, count_votes
from tenders.demand.models import Closing, LotGrappeTotals, LotTotals, Need
from tenders.demand.rules.masking import SMALLEST_SHOWN
from tenders.demand.words import pool_label
from tenders.vehicles.models import Lot, Vehicle


def _counted(needs: Iterable[Need]) -> list[Need]:
    return [need for need in needs if need.status == "counted"]


def takes_over(lot: Lot, needs: Sequence[Need], now: datetime) -> list[ColumnElement[bool]]:
    """What makes another lot able to take these needs at the same conditions, so that signatures keep their meaning.

    Same centre, category, unit, period and term; still open long enough for a vote; room for all that counts.
    """
    counted = _counted(needs)
    conditions: list[ColumnElement[bool]] = [
        Lot.id != lot.id,
        Lot.category_code == lot.category_code,
        Lot.unit == lot.unit,
        Lot.price_period == lot.price_period,
        Lot.term_months == lot.term_months,
        Lot.closed_at.is_(None),
        Lot.cancelled_at.is_(None),
        Lot.needs_close_at >= now + SHORTEST_VOTE,
        Vehicle.organisation_id == lot.vehicle.organisation_id,
        LotTotals.takes_needs.is_(True),
        func.coalesce(
            LotTotals.firm + LotTotals.conditional + sum(need.quantity for need in counted) <= LotTotals.maximum_quantity,
            True,
        ),
    ]
    if any(need.firmness == "firm" for need in counted):
        conditions.append(Lot.takes_firm_needs.is_(True))
    if any(need.grappe_id is None for need in counted):
        conditions.append(Vehicle.allows_individual_needs.is_(True))
    return conditions


def list_target_lots(session: Session, lot: Lot, needs: Sequence[Need], now: datetime) -> list[Lot]:
    """Lots that could take over what counts on this one, the first to close first."""
    statement = (
        select(Lot)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .join(LotTotals, LotTotals.lot_id == Lot.id)
        .where(*takes_over(lot, needs, now))
        .order_by(Lot.needs_close_at, Lot.id)
    )
    return list(session.scalars(statement)) if _counted(needs) else []


def count_target_lots(session: Session, lot: Lot, needs: Sequence[Need], now: datetime) -> int:
    """How many lots could take over what counts on this one."""
    return len(list_target_lots(session, lot, needs, now))


def find_running(session: Session, lot_id: UUID) -> Merger | None:
    """The merger of a lot that is not decided yet."""
    return session.scalars(select(Merger).where(Merger.lot_id == lot_id, Merger.decided_at.is_(None))).one_or_none()


def list_roll(session: Session, merger_id: UUID) -> list[MergerVote]:
    """Everybody who may vote, as it is now."""
    statement = select(MergerVote).where(MergerVote.merger_id == merger_id).order_by(MergerVote.establishment_id)
    return list(session.scalars(statement, execution_options={"populate_existing": True}))


@dataclass(frozen=True)
class BodyCount:
    """One body's vote as it stands: `grappe_id` None is those without a grappe; `name` in that case too."""

    grappe_id: UUID | None
    name: str | None
    is_host: bool
    voting_rule: str
    count: Count


@dataclass(frozen=True)
class Roll:
    """A vote of one of the reader's establishments."""

    vote: MergerVote
    establishment: str


@dataclass(frozen=True)
class Target:
    """Somewhere the needs could go: a lot, or a grappe on the same lot, with what counts there today."""

    lot_id: UUID | None
    grappe_id: UUID | None
    label: str
    counted: int | None
    closes_at: datetime | None


@dataclass(frozen=True)
class MergerView:
    """A merger as one reader sees it: the centre sees every body, others theirs and their own votes."""

    merger: Merger
    lot: Lot
    is_centre: bool
    tested: int
    target: Target | None
    bodies: tuple[BodyCount, ...]
    own: tuple[Roll, ...]


def count_bodies(merger: Merger, roll: Sequence[MergerVote], names: dict[UUID, str] | None = None) -> tuple[BodyCount, ...]:
    """Each body's vote by the rule frozen when the vote opened."""
    found = []
    for body in merger.bodies:
        grappe_id = UUID(body["grappe_id"]) if body["grappe_id"] else None
        ballots = [Ballot(vote.quantity, vote.choice) for vote in roll if vote.grappe_id == grappe_id]
        count = count_votes(body["voting_rule"], body["quorum"], ballots)
        name = (names or {}).get(grappe_id) if grappe_id else None
        found.append(BodyCount(grappe_id, name, body["is_host"], body["voting_rule"], count))
    return tuple(found)


def get_merger(session: Session, actor: Actor, lot: Lot) -> MergerView:
    """The latest merger of a lot, for the vehicle's centre and for whoever votes or will vote; NotFound otherwise."""
    statement = select(Merger).where(Merger.lot_id == lot.id).order_by(Merger.round.desc()).limit(1)
    merger = session.scalars(statement).one_or_none()
    is_centre = actor.is_system or lot.vehicle.organisation_id in actor.organisation_ids(kind="purchasing_centre")
    if merger is None:
        raise NotFound("merger")
    roll = list_roll(session, merger.id)
    organisations = actor.organisation_ids(kind="care_operator")
    mine = [vote for vote in roll if vote.organisation_id in organisations]
    if not is_centre and not mine and not (merger.votes_close_at is None and _counts(session, lot, organisations)):
        raise NotFound("merger")
    bodies = count_bodies(merger, roll, _grappe_names(session, merger))
    target = find_target(session, merger)
    if not is_centre:
        own_bodies = {vote.grappe_id for vote in mine}
        bodies = tuple(body for body in bodies if body.grappe_id in own_bodies and _is_told(body, roll))
        if target is not None and target.grappe_id is not None and target.grappe_id not in own_bodies:
            target = replace(target, counted=_told_of(session, merger.lot_id, target))
    sites = session.execute(
        select(Establishment.id, Establishment.name).where(Establishment.id.in_([vote.establishment_id for vote in mine]))
    )
    names = {row.id: row.name for row in sites}
    closing = session.get_one(Closing, (lot.id, merger.round))
    return MergerView(
        merger, lot, is_centre, closing.body["tested_quantity"], target, bodies,
        tuple(Roll(vote, names[vote.establishment_id]) for vote in mine),
    )  # fmt: skip


def _is_told(body: BodyCount, roll: Sequence[MergerVote]) -> bool:
    """A grappe's count is its members' own; of those without one, few organisations would tell each other's volumes."""
    organisations = {vote.organisation_id for vote in roll if vote.grappe_id is None}
    return body.grappe_id is not None or len(organisations) != 2  # one is the reader itself


def _told_of(session: Session, lot_id: UUID, target: Target) -> int | None:
    """What counts in another grappe, from three organisations up (domain §4b.15)."""
    row = session.get(LotGrappeTotals, (lot_id, target.grappe_id))
    return target.counted if row is not None and row.organisations >= SMALLEST_SHOWN else None


def _counts(session: Session, lot: Lot, organisation_ids: Collection[UUID]) -> bool:
    """Whether one of these organisations has a need that counts on the lot: it will vote once a target is chosen."""
    here = (Need.lot_id == lot.id, Need.status == "counted", Need.organisation_id.in_(organisation_ids))
    return session.scalar(select(Need.establishment_id).where(*here).limit(1)) is not None


def _grappe_names(session: Session, merger: Merger) -> dict[UUID, str]:
    ids = [UUID(body["grappe_id"]) for body in merger.bodies if body["grappe_id"]]
    return {row.id: row.name for row in session.execute(select(Grappe.id, Grappe.name).where(Grappe.id.in_(ids)))}


def find_target(session: Session, merger: Merger) -> Target | None:
    """Where the needs would go; None until it is chosen."""
    if merger.target_lot_id is not None:
        return lot_targets(session, [session.get_one(Lot, merger.target_lot_id)])[0]
    if merger.target_grappe_id is not None:
        return grappe_targets(session, merger.lot_id, [merger.target_grappe_id])[0]
    return None


def list_targets(session: Session, merger: Merger, lot: Lot, needs: Sequence[Need], now: datetime) -> list[Target]:
    """Where the needs could go, for the centre to choose from."""
    if merger.scope == "lot":
        return lot_targets(session, list_target_lots(session, lot, needs, now))
    closing = session.get_one(Closing, (lot.id, merger.round))
    return grappe_targets(session, lot.id, [UUID(host) for host in closing.body["merge_hosts"]])


def lot_targets(session: Session, lots: Sequence[Lot]) -> list[Target]:
    """These lots as targets, with what counts on them today."""
    rows = session.execute(
        select(LotTotals.lot_id, (LotTotals.firm + LotTotals.conditional).label("counted")).where(
            LotTotals.lot_id.in_([lot.id for lot in lots])
        )
    )
    counted = {row.lot_id: row.counted for row in rows}
    return [
        Target(lot.id, None, pool_label(lot.code, lot.title, lot.vehicle.name), counted[lot.id], lot.needs_close_at)
        for lot in lots
    ]


def grappe_targets(session: Session, lot_id: UUID, grappe_ids: Sequence[UUID]) -> list[Target]:
    """These grappes of a lot as targets, with what counts in them today."""
    rows = session.execute(
        select(Grappe.id, Grappe.name, LotGrappeTotals.firm + LotGrappeTotals.conditional)
        .join(LotGrappeTotals, LotGrappeTotals.grappe_id == Grappe.id)
        .where(LotGrappeTotals.lot_id == lot_id, Grappe.id.in_(grappe_ids))
        .order_by(Grappe.name, Grappe.id)
    )
    return [Target(None, grappe_id, name, counted, None) for grappe_id, name, counted in rows]


@dataclass(frozen=True)
class OpenVote:
    """A vote that an organisation still owes, or (for a centre) a target to choose."""

    lot_id: UUID
    title: str
    until: datetime
    establishments: int


def list_open_votes(session: Session, actor: Actor) -> list[OpenVote]:
    """Votes that the reader's establishments have not cast yet, one line a lot."""
    statement = (
        select(Lot.id, Lot.title, Merger.votes_close_at, func.count())
        .join(Merger, Merger.lot_id == Lot.id)
        .join(MergerVote, MergerVote.merger_id == Merger.id)
        .where(
            MergerVote.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
            MergerVote.choice.is_(None),
            Merger.decided_at.is_(None),
        )
        .group_by(Lot.id, Lot.title, Merger.votes_close_at)
        .order_by(Merger.votes_close_at, Lot.id)
    )
    rows = session.execute(statement)
    return [OpenVote(lot_id, title, until, count) for lot_id, title, until, count in rows if until is not None]


def list_to_choose(session: Session, actor: Actor) -> list[OpenVote]:
    """Mergers whose target the reader's centre has still to choose."""
    statement = (
        select(Lot.id, Lot.title, Merger.next_check_at)
        .join(Merger, Merger.lot_id == Lot.id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .where(
            Vehicle.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
            Merger.decided_at.is_(None),
            Merger.votes_close_at.is_(None),
        )
        .order_by(Merger.next_check_at, Lot.id)
    )
    rows = session.execute(statement)
    return [OpenVote(lot_id, title, until, 0) for lot_id, title, until in rows if until is not None]
