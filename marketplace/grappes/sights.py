"""A grappe as one reader sees it: its page, the list, and what leaving would mean."""
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.establishments.queries import get_establishment
from marketplace.establishments.rules import fold
from marketplace.grappes import queries
from marketplace.grappes.events import PoolEffect
from marketplace.grappes.models import INSIDE, Charter, Grappe, GrappeCategory, GrappeMembership
from marketplace.grappes.queries import Member
from marketplace.grappes.rules import membership as rules
from marketplace.grappes.rules.charter import CharterTerms
from marketplace.platform import clock
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import paginate
from marketplace.platform.permissions import Actor


@dataclass(frozen=True)
class GrappeSight:
    """A grappe as one reader sees it. `members` is empty of strangers when the reader may not see names.

    `own` are the running memberships of the reader's establishments. Everybody may weigh the `terms`; the `charter`
    itself spells out names, so it is None for those who may not see them.
    """

    grappe: Grappe
    categories: list[str]
    members_count: int
    sees_members: bool
    members: list[Member]
    own: list[Member]
    terms: CharterTerms
    charter: Charter | None
    coordinator: Establishment | None

    @property
    def missing_to_quorum(self) -> int:
        """How many signatures are missing before activation."""
        return max(0, self.grappe.quorum - self.members_count)


def get_sight(session: Session, actor: Actor, grappe_id: UUID) -> GrappeSight:
    """The grappe with everything this reader may see of it; NotFound when that is nothing."""
    grappe = queries.get_grappe(session, actor, grappe_id)
    members = queries.list_members(session, grappe_id)
    organisations = actor.organisation_ids(kind="care_operator")
    own = [m for m in members if m.establishment.organisation_id in organisations and m.membership.ended_at is None]
    sees = queries.may_see_names(session, actor, grappe_id, [m.status for m in own])
    by_id = {m.establishment_id: m.establishment for m in members}
    charter = queries.current_charter(session, grappe_id)
    return GrappeSight(
        grappe=grappe,
        categories=queries.list_category_codes(session, grappe_id),
        members_count=sum(m.status in INSIDE for m in members),
        sees_members=sees,
        members=members if sees else own,
        own=own,
        terms=CharterTerms.from_parameters(charter.parameters),
        charter=charter if sees else None,
        coordinator=by_id.get(grappe.coordinator_establishment_id) if sees else None,
    )


def list_grappes(
    session: Session,
    actor: Actor,
    *,
    mine: bool = False,
    category: str | None = None,
    status: str | None = None,
    q: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """A page of visible grappes by name: rows (Grappe, categories, members_count); one statement whatever the size.

    `mine`: those where one of my establishments has a running membership. `q`: part of the name, accents ignored.
    """
    categories = (
        select(func.array_agg(GrappeCategory.category_code))
        .where(GrappeCategory.grappe_id == Grappe.id)
        .scalar_subquery()
        .label("categories")
    )
    members = (
        select(func.count())
        .select_from(GrappeMembership)
        .where(GrappeMembership.grappe_id == Grappe.id, GrappeMembership.status.in_(INSIDE))
        .scalar_subquery()
        .label("members_count")
    )
    statement = select(Grappe, categories, members).where(queries.visible_to(actor))
    if mine:
        statement = statement.where(queries.own_membership(actor, GrappeMembership.ended_at.is_(None)))
    if category:
        pools = select(GrappeCategory.grappe_id).where(GrappeCategory.category_code == category)
        statement = statement.where(Grappe.id.in_(pools))
    if status:
        statement = statement.where(Grappe.status == status)
    if q and fold(q):
        statement = statement.where(Grappe.search_text.contains(fold(q), autoescape=True))
    return paginate(session, statement, (Grappe.name, Grappe.id), limit=limit, cursor=cursor)


def list_own_memberships(session: Session, actor: Actor) -> list[tuple[Grappe, Member]]:
    """Running memberships of the actor's establishments with their grappes, by grappe and name; one statement."""
    rows = session.execute(
        select(Grappe, GrappeMembership, Establishment)
        .join(GrappeMembership, GrappeMembership.grappe_id == Grappe.id)
        .join(Establishment, Establishment.id == GrappeMembership.establishment_id)
        .where(
            GrappeMembership.ended_at.is_(None),
            Establishment.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
        )
        .order_by(Grappe.name, Grappe.id, Establishment.name, Establishment.id)
    )
    return [(grappe, Member(membership, establishment)) for grappe, membership, establishment in rows]


@dataclass(frozen=True)
class LeavingPreview:
    """What leaving today would mean for an establishment: days of notice, the Paris day of effect, pools touched."""

    member: Member
    notice_days: int
    leaves_on: date
    effects: list[PoolEffect]


def preview_leaving(session: Session, actor: Actor, grappe_id: UUID, establishment_id: UUID) -> LeavingPreview:
    """Before an own establishment gives notice; NotFound for anybody else's, and when it is not a member."""
    grappe = queries.get_grappe(session, actor, grappe_id)
    establishment = get_establishment(session, establishment_id)
    membership = queries.find_membership(session, grappe_id, establishment_id)
    if (
        membership is None
        or membership.charter_id is None
        or establishment.organisation_id not in actor.organisation_ids()
    ):
        raise NotFound("membership")
    signed = session.get_one(Charter, membership.charter_id)
    notice = rules.notice_days(CharterTerms.from_parameters(signed.parameters).exit_notice_days, grappe.status)
    leaves_on = membership.leaves_on or rules.leaving_day(clock.today(), notice)
    return LeavingPreview(
        member=Member(membership, establishment),
        notice_days=notice,
        leaves_on=leaves_on,
        effects=queries.leaving_effects(session, grappe_id, establishment_id, leaves_on),
    )
