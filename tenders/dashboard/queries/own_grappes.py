"""The reader's grappes: where they stand, what waits for an answer, and which others would fit."""
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from marketplace.establishments.models import Establishment
from marketplace.grappes.models import INSIDE, Grappe, GrappeCategory, GrappeMembership
from marketplace.platform.permissions import Actor

Coordinator = aliased(Establishment)


@dataclass(frozen=True)
class Pending:
    """A membership that waits for somebody: an invitation to one of mine, or a request to a grappe I coordinate."""

    grappe_id: UUID
    grappe: str
    establishment_id: UUID
    establishment: str
    status: str
    is_mine: bool


@dataclass(frozen=True)
class Fitting:
    """A grappe that one of the reader's sites could ask to join."""

    grappe: Grappe
    categories: list[str]
    members: int
    coordinator: str


def list_pending(session: Session, actor: Actor) -> list[Pending]:
    """Invitations to the reader's sites and requests to the grappes they coordinate, the oldest first."""
    own = actor.organisation_ids(kind="care_operator")
    mine = Establishment.organisation_id.in_(own)
    rows = session.execute(
        select(
            Grappe.id, Grappe.name, Establishment.id, Establishment.name, GrappeMembership.status, mine.label("mine")
        )
        .join(Grappe, Grappe.id == GrappeMembership.grappe_id)
        .join(Establishment, Establishment.id == GrappeMembership.establishment_id)
        .join(Coordinator, Coordinator.id == Grappe.coordinator_establishment_id)
        .where(
            Grappe.dissolved_at.is_(None),
            or_(
                and_(GrappeMembership.status == "invited", mine),
                and_(GrappeMembership.status == "requested", Coordinator.organisation_id.in_(own)),
            ),
        )
        .order_by(GrappeMembership.id)
        .limit(20)
    )
    return [Pending(*row) for row in rows]


def list_pooled_categories(session: Session, actor: Actor) -> set[str]:
    """Category codes that the active grappes of the reader's sites pool."""
    return set(
        session.scalars(
            select(GrappeCategory.category_code)
            .join(Grappe, Grappe.id == GrappeCategory.grappe_id)
            .join(GrappeMembership, GrappeMembership.grappe_id == Grappe.id)
            .join(Establishment, Establishment.id == GrappeMembership.establishment_id)
            .where(
                Establishment.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
                GrappeMembership.status.in_(INSIDE),
                Grappe.status == "active",
            )
            .distinct()
        )
    )


def _own_site_inside(own: set[UUID]) -> ColumnElement[bool]:
    """Whether one of these organisations' sites is in the grappe, invited or asking."""
    return exists(
        select(GrappeMembership.id)
        .join(Establishment, Establishment.id == GrappeMembership.establishment_id)
        .where(
            GrappeMembership.grappe_id == Grappe.id,
            GrappeMembership.ended_at.is_(None),
            Establishment.organisation_id.in_(own),
        )
        .correlate(Grappe)
    )


def list_fitting(session: Session, actor: Actor, regions: set[str], limit: int = 4) -> list[Fitting]:
    """Grappes one could join: of one's region (or of the whole country), not full, none of one's sites inside yet.

    Those pooling most categories first.
    """
    own = actor.organisation_ids(kind="care_operator")
    members = (
        select(func.count())
        .where(GrappeMembership.grappe_id == Grappe.id, GrappeMembership.status.in_(INSIDE))
        .correlate(Grappe)
        .scalar_subquery()
    )
    categories = (
        select(func.array_agg(GrappeCategory.category_code))
        .where(GrappeCategory.grappe_id == Grappe.id)
        .correlate(Grappe)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Grappe, categories, members, Coordinator.name)
        .join(Coordinator, Coordinator.id == Grappe.coordinator_establishment_id)
        .where(
            Grappe.status.in_(("forming", "active")),
            or_(func.cardinality(Grappe.territory) == 0, Grappe.territory.overlap(sorted(regions))),
            or_(Grappe.maximum_members.is_(None), members < Grappe.maximum_members),
            ~_own_site_inside(own),
        )
        .order_by(func.cardinality(categories).desc().nulls_last(), Grappe.name, Grappe.id)
        .limit(limit)
    )
    return [Fitting(grappe, sorted(codes or []), count, coordinator) for grappe, codes, count, coordinator in rows]
