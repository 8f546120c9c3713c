"""Reads of closings: the decision is the centre's, each reader sees the part that concerns it."""
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.grappes.models import GrappeMembership
from marketplace.platform.permissions import Actor
from tenders.demand.models import Closing, Need
from tenders.vehicles.models import Lot


def find_closing(session: Session, lot_id: UUID, round_number: int) -> Closing | None:
    """The decision of one round, None while it is open."""
    return session.get(Closing, (lot_id, round_number))


def find_last_closing(session: Session, lot_id: UUID) -> Closing | None:
    """The latest decision on a lot that stands (one taken back does not), None before the first."""
    stands = (Closing.lot_id == lot_id, Closing.undone_at.is_(None))
    statement = select(Closing).where(*stands).order_by(Closing.round.desc()).limit(1)
    return session.scalars(statement, execution_options={"populate_existing": True}).one_or_none()


def list_steps_used(session: Session, lot_id: UUID) -> list[str]:
    """The policy steps that earlier rounds applied, decisions taken back left out."""
    stands = (Closing.lot_id == lot_id, Closing.undone_at.is_(None), Closing.policy_applied.is_not(None))
    return [step for step in session.scalars(select(Closing.policy_applied).where(*stands)) if step is not None]


def list_closings(session: Session, lot_id: UUID) -> list[Closing]:
    """Every decision on a lot, the first round first."""
    return list(session.scalars(select(Closing).where(Closing.lot_id == lot_id).order_by(Closing.round)))


def list_live_needs(session: Session, lot_id: UUID) -> list[Need]:
    """Every need a closing looks at, as it is now; the caller holds the lot's lock."""
    statement = select(Need).where(Need.lot_id == lot_id, Need.status.not_in(("excluded", "released")))
    return list(session.scalars(statement, execution_options={"populate_existing": True}))


@dataclass(frozen=True)
class ClosingSight:
    """Whose part of a decision a reader sees: `members` are establishments, `own_grappes` shown in full.

    `sees_groups`: what other grappes got is read too, masked below three organisations (domain §4b.15). `own_alone`: how
    many of the `readers`, the reader's organisations, have a need of their own on the lot, in no grappe.
    """

    members: frozenset[UUID]
    own_grappes: frozenset[UUID]
    sees_groups: bool
    own_alone: int = 0
    readers: frozenset[str] = frozenset()


def closing_sight(session: Session, actor: Actor, lot: Lot) -> ClosingSight | None:
    """What the actor may read of a lot's decisions: None for everything (the vehicle's centre), else its own
    establishments, its grappes and their members; to a provider no grappe, to the platform's operator neither."""
    if actor.is_system or lot.vehicle.organisation_id in actor.organisation_ids(kind="purchasing_centre"):
        return None
    sees_groups = any(actor.has_kind(kind) for kind in ("care_operator", "purchasing_centre", "authority"))
    readers = actor.organisation_ids(kind="care_operator")
    own = Establishment.organisation_id.in_(readers)
    statement = (
        select(GrappeMembership.grappe_id)
        .join(Establishment, Establishment.id == GrappeMembership.establishment_id)
        .where(own, GrappeMembership.ended_at.is_(None), GrappeMembership.joined_at.is_not(None))
    )
    grappes = frozenset(session.scalars(statement))
    members = (
        select(Need.establishment_id)
        .join(Establishment, Establishment.id == Need.establishment_id)
        .where(Need.lot_id == lot.id, or_(own, Need.grappe_id.in_(grappes)))
    )
    alone = (
        select(func.count(Need.organisation_id.distinct()))
        .join(Establishment, Establishment.id == Need.establishment_id)
        .where(Need.lot_id == lot.id, own, Need.grappe_id.is_(None))
    )
    own_alone = session.execute(alone).scalar_one()
    return ClosingSight(
        frozenset(session.scalars(members)), grappes, sees_groups, own_alone, frozenset(str(each) for each in readers)
    )


def establishment_names(session: Session, establishment_ids: Collection[UUID]) -> dict[str, str]:
    """Names by establishment id (as text, the way a decision writes it)."""
    statement = select(Establishment.id, Establishment.name).where(Establishment.id.in_(establishment_ids))
    return {str(establishment_id): name for establishment_id, name in session.execute(statement)}
