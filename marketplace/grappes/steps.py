"""Steps the use cases share: lock the grappe, write a charter version, sign it, end a membership. None commits."""
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from marketplace.categories.queries import category_names
from marketplace.establishments.models import Establishment
from marketplace.establishments.queries import get_establishment
from marketplace.establishments.rules import grappe_eligibility
from marketplace.establishments.territory import REGIONS
from marketplace.grappes import claims, queries
from marketplace.grappes.events import MembershipEnded
from marketplace.grappes.models import Charter, Grappe, GrappeCategory, GrappeMembership
from marketplace.grappes.rules import membership as rules
from marketplace.grappes.rules.charter import CharterTerms, charter_hash
from marketplace.grappes.rules.charter_text import CharterNames, charter_text
from marketplace.platform import clock, events
from marketplace.platform.database import new_id
from marketplace.platform.errors import NotFound, StaleVersion
from marketplace.platform.permissions import Actor


def lock_grappe(session: Session, actor: Actor, grappe_id: UUID, expected_version: int | None = None) -> Grappe:
    """The grappe, visible to the actor, locked until the transaction ends and marked as changed (its ETag moves).

    Every change of its members goes through this lock, so quorum, maximum and coordinator are decided one at a time.
    NotFound when not visible, StaleVersion when it moved since the caller read `expected_version`,
    RuleBroken `grappe_dissolved` when it is over.
    """
    queries.get_grappe(session, actor, grappe_id)
    grappe = session.get(Grappe, grappe_id, with_for_update=True, populate_existing=True)
    if grappe is None:
        raise NotFound("grappe")
    if expected_version is not None and expected_version != grappe.version:
        raise StaleVersion(grappe.version)
    grappe.version += 1
    return grappe


def coordinator_organisation(session: Session, grappe: Grappe) -> UUID:
    """The organisation that coordinates, for the permission table's relation of that name."""
    return get_establishment(session, grappe.coordinator_establishment_id).organisation_id


def check_may_enter(session: Session, grappe: Grappe, establishment: Establishment) -> None:
    """Legal status, closure and territory: may this establishment be in this grappe at all (domain §4b.12)?"""
    closed = establishment.closed_on is not None and establishment.closed_on <= clock.today()
    refusal = grappe_eligibility(establishment.sector, establishment.legal_status, is_closed=closed)
    rules.check_eligible(refusal, grappe.legal_form)
    rules.check_territory(tuple(grappe.territory), establishment.region)


def write_charter(session: Session, grappe: Grappe, terms: CharterTerms, coordinator: Establishment) -> Charter:
    """Write the next version of the charter, and the parameters that SQL filters and guards by beside it."""
    latest = session.scalar(select(func.max(Charter.version)).where(Charter.grappe_id == grappe.id))
    version = (latest or 0) + 1
    names = CharterNames(grappe.name, coordinator.name, category_names(session), REGIONS)
    text = charter_text(terms, names, version)
    parameters = terms.as_parameters()
    charter = Charter(
        id=new_id(), grappe_id=grappe.id, version=version, parameters=parameters, text=text,
        hash=charter_hash(parameters, text),
    )  # fmt: skip
    session.execute(delete(GrappeCategory).where(GrappeCategory.grappe_id == grappe.id))
    session.add(charter)
    session.add_all(GrappeCategory(grappe_id=grappe.id, category_code=code) for code in terms.categories)
    session.flush()
    return charter


def sign(session: Session, actor: Actor, grappe: Grappe, membership: GrappeMembership, charter: Charter) -> None:
    """Make the establishment a member by its signature of this exact version, and claim its categories."""
    membership.joined_at = clock.now()
    membership.signed_by = actor.user_id
    membership.charter_id = charter.id
    membership.charter_hash = charter.hash
    session.flush()
    claims.claim(
        session, membership.establishment_id, charter.parameters["categories"], "membership", grappe.id, grappe.name
    )


def close_membership(session: Session, membership: GrappeMembership, ending: str, reason: str | None = None) -> None:
    """Write the end of a membership, an invitation or a request.

    The row is written before anybody above hears of it: a need being placed holds it FOR SHARE, so whoever ends the
    membership waits for that need, and the rooms above then find it (lock order: grappes, memberships, pools, claims).
    """
    membership.ended_at = clock.now()
    membership.ending = ending
    membership.end_reason = reason
    membership.is_coordinator = False
    session.flush()


def end_membership(session: Session, membership: GrappeMembership, ending: str, *, reason: str | None = None) -> None:
    """Close it; when the establishment had signed, let the rooms above release its needs, then free its categories."""
    was_inside = membership.joined_at is not None
    close_membership(session, membership, ending, reason)
    if was_inside:
        events.announce(session, MembershipEnded(membership.grappe_id, membership.establishment_id))
        claims.release(session, "membership", membership.grappe_id, membership.establishment_id)
