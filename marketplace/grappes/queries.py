"""Reads about grappes, cut to what the reader may see.

Members and invited establishments see the grappe with its member list and its charter. Purchasing centres and the
operator see the names too (ux.md, who sees what). Others signed in see name, categories, territory and the number of
members; a forming grappe only care operators (they could join it), a dissolved one only those who were in it.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.grappes.events import LeavingEffects, PooledFor, PoolEffect
from marketplace.grappes.models import INSIDE, RUNNING, Charter, Grappe, GrappeCategory, GrappeMembership, PoolingClaim
from marketplace.grappes.rules.charter import CharterTerms
from marketplace.platform import events
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import Actor

SEES_MEMBERS = ("invited", "member", "leaving")
SHOWN_IN_LIST = (*RUNNING, "left", "excluded")


@dataclass(frozen=True)
class Member:
    """A membership with the name and organisation of its establishment."""

    membership: GrappeMembership
    establishment: Establishment

    @property
    def establishment_id(self) -> UUID:
        """The member's establishment."""
        return self.establishment.id

    @property
    def status(self) -> str:
        """One of the member statuses of the contract."""
        return self.membership.status


def own_membership(actor: Actor, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether an establishment of the actor has a membership that fits, beside the enclosing select of Grappe."""
    return exists(
        select(GrappeMembership.id)
        .join(Establishment, Establishment.id == GrappeMembership.establishment_id)
        .where(
            GrappeMembership.grappe_id == Grappe.id,
            Establishment.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
            *conditions,
        )
        .correlate(Grappe)
    )


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The rows of `grappes` this reader may see at all."""
    if actor.is_system or actor.is_operator:
        return true()
    was_inside = or_(GrappeMembership.ended_at.is_(None), GrappeMembership.joined_at.is_not(None))
    could_join = Grappe.status == "forming" if actor.has_kind("care_operator") else false()
    return or_(Grappe.status == "active", could_join, own_membership(actor, was_inside))


def get_grappe(session: Session, actor: Actor, grappe_id: UUID) -> Grappe:
    """The grappe, when the reader may see it; NotFound otherwise."""
    grappe = session.scalars(select(Grappe).where(Grappe.id == grappe_id, visible_to(actor))).one_or_none()
    if grappe is None:
        raise NotFound("grappe")
    return grappe


def sees_members(session: Session, actor: Actor, grappe_id: UUID) -> bool:
    """Whether this reader may see who is in the grappe (the grappe itself being visible)."""
    own = session.scalars(
        select(GrappeMembership.status)
        .join(Establishment, Establishment.id == GrappeMembership.establishment_id)
        .where(
            GrappeMembership.grappe_id == grappe_id,
            GrappeMembership.ended_at.is_(None),
            Establishment.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
        )
    )
    return may_see_names(session, actor, grappe_id, own)


def may_see_names(session: Session, actor: Actor, grappe_id: UUID, own_statuses: Iterable[str]) -> bool:
    """Members and the invited see who is in; so do the operator, and a centre on whose vehicles the grappe pools."""
    if actor.is_system or actor.is_operator or any(status in SEES_MEMBERS for status in own_statuses):
        return True
    centres = tuple(actor.organisation_ids(kind="purchasing_centre"))
    return bool(centres) and bool(events.ask(session, PooledFor(grappe_id, centres)))


def list_members(session: Session, grappe_id: UUID) -> list[Member]:
    """The latest membership of each establishment, by name; declined, refused and withdrawn ones are left out."""
    latest = (
        select(GrappeMembership.id)
        .ext(distinct_on(GrappeMembership.establishment_id))
        .where(GrappeMembership.grappe_id == grappe_id, GrappeMembership.status.in_(SHOWN_IN_LIST))
        .order_by(
            GrappeMembership.establishment_id,
            GrappeMembership.ended_at.desc().nulls_first(),
            GrappeMembership.id.desc(),
        )
        .subquery()
    )
    rows = session.execute(
        select(GrappeMembership, Establishment)
        .join(latest, latest.c.id == GrappeMembership.id)
        .join(Establishment, Establishment.id == GrappeMembership.establishment_id)
        .order_by(GrappeMembership.is_coordinator.desc(), Establishment.name, Establishment.id)
    )
    return [Member(membership, establishment) for membership, establishment in rows]


def list_category_codes(session: Session, grappe_id: UUID) -> list[str]:
    """The category codes the grappe pools, in order."""
    statement = select(GrappeCategory.category_code).where(GrappeCategory.grappe_id == grappe_id)
    return list(session.scalars(statement.order_by(GrappeCategory.category_code)))


def current_charter(session: Session, grappe_id: UUID) -> Charter:
    """The version in force."""
    statement = select(Charter).where(Charter.grappe_id == grappe_id).order_by(Charter.version.desc()).limit(1)
    return session.scalars(statement).one()


def get_charter(session: Session, grappe_id: UUID, version: int | None = None) -> Charter:
    """One version of a grappe's charter, the current one by default; NotFound when there is no such version."""
    if version is None:
        return current_charter(session, grappe_id)
    found = session.scalars(
        select(Charter).where(Charter.grappe_id == grappe_id, Charter.version == version)
    ).one_or_none()
    if found is None:
        raise NotFound("charter")
    return found


def terms_of(session: Session, grappe_id: UUID) -> CharterTerms:
    """The parameters of the charter in force."""
    return CharterTerms.from_parameters(current_charter(session, grappe_id).parameters)


def find_membership(session: Session, grappe_id: UUID, establishment_id: UUID) -> GrappeMembership | None:
    """The running membership of an establishment, None when it has none.

    Read anew even when the session already holds the row: a page may have shown it before the grappe was locked.
    """
    return session.scalars(
        select(GrappeMembership)
        .where(
            GrappeMembership.grappe_id == grappe_id,
            GrappeMembership.establishment_id == establishment_id,
            GrappeMembership.ended_at.is_(None),
        )
        .execution_options(populate_existing=True)
    ).one_or_none()


def is_member(session: Session, grappe_id: UUID, establishment_id: UUID) -> bool:
    """Whether the establishment has signed and is not out (leaving ones still are members)."""
    membership = find_membership(session, grappe_id, establishment_id)
    return membership is not None and membership.status in INSIDE


def count_members(session: Session, grappe_id: UUID) -> int:
    """How many have signed and are not out."""
    return session.execute(
        select(func.count())
        .select_from(GrappeMembership)
        .where(GrappeMembership.grappe_id == grappe_id, GrappeMembership.status.in_(INSIDE))
    ).scalar_one()


def list_member_organisations(session: Session, grappe_id: UUID, statuses: Sequence[str] = INSIDE) -> list[UUID]:
    """The organisations behind the memberships with these statuses, each once."""
    return list(
        session.scalars(
            select(Establishment.organisation_id)
            .distinct()
            .join(GrappeMembership, GrappeMembership.establishment_id == Establishment.id)
            .where(GrappeMembership.grappe_id == grappe_id, GrappeMembership.status.in_(statuses))
            .order_by(Establishment.organisation_id)
        )
    )


def find_active_grappe(session: Session, establishment_id: UUID, category_code: str) -> Grappe | None:
    """The one active grappe in which this establishment pools this category, if any (domain §4b.9)."""
    return session.scalars(
        select(Grappe)
        .join(PoolingClaim, and_(PoolingClaim.subject_id == Grappe.id, PoolingClaim.kind == "membership"))
        .where(
            PoolingClaim.establishment_id == establishment_id,
            PoolingClaim.category_code == category_code,
            Grappe.status == "active",
        )
    ).one_or_none()


def leaving_effects(
    session: Session, grappe_id: UUID, establishment_id: UUID, leaves_on: date | None = None
) -> list[PoolEffect]:
    """What the rooms above say would happen to their pools, those falling below their minimum first.

    `leaves_on`: the Paris day of effect, None at once.
    """
    effects: list[PoolEffect] = events.ask(session, LeavingEffects(grappe_id, establishment_id, leaves_on))
    return sorted(effects, key=lambda effect: (not effect.falls_below, effect.lot_title))


def next_check(session: Session) -> date | None:
    """The Paris day on which the next notice ends; None when none runs."""
    return session.scalar(
        select(func.min(GrappeMembership.leaves_on)).where(
            GrappeMembership.ended_at.is_(None), GrappeMembership.leaves_on.is_not(None)
        )
    )
